/* SPDX-License-Identifier: Apache-2.0 */
/* The server gets the new keys before the file does: if the server refused keys that were stored
 * already, the node would be cut off. The node token authenticates the request, not the keys; so
 * when an answer is lost, another rotation repairs it. The state is locked throughout: with two
 * rotations at once, the server might keep the keys of one and the file those of the other. */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/session/call.h"
#include "cli/session/session.h"
#include "cli/session/state_room.h"
#include "proto/node_admin.h"

struct rotation {
	struct node_keys keys;
	int lock_fd; /* the state's lock; -1: not held */
	bool machine;
	bool wg;
};

static void rotation_done(struct rotation *rotation)
{
	session_node_keys_wipe(&rotation->keys);
	if (rotation->lock_fd >= 0)
		(void)close(rotation->lock_fd);
}

/* Fails when the server's answer has other keys than we sent. */
static int check_answer(const struct session *session, const struct rotation *rotation,
                        const struct key_rotation *answer, struct ls_fail *fail)
{
	const struct node_keys *keys = &rotation->keys;

	if (key_equal(answer->machine_public_key.b, keys->machine_public_key.b) &&
	    key_equal(answer->wg_public_key.b, keys->wg_public_key.b))
		return 0;
	return ls_fail_set(fail, LS_ERROR_REMOTE,
	                   "the server answered with other public keys than those it was sent; %s "
	                   "stays as it is",
	                   session->state_path);
}

static int ask(struct session *session, const struct rotation *rotation, bool as_admin,
               struct key_rotation *ret, struct ls_fail *fail)
{
	struct key_rotation request = {
	        .has_machine = rotation->machine,
	        .has_wg = rotation->wg,
	        .machine_public_key = rotation->keys.machine_public_key,
	        .wg_public_key = rotation->keys.wg_public_key,
	};
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_KEYS_ROTATE,
	                                  .params = {session->state->node_id},
	                                  .as_admin = as_admin,
	                                  .body = proto_key_rotation_encode(&request)};

	return SESSION_CALL(session, &call, proto_key_rotation_answer_decode, ret, fail);
}

/* The server refuses the node where only an admin may lift its revocation. */
static int tell_server(struct session *session, const struct rotation *rotation,
                       struct ls_fail *fail)
{
	struct key_rotation answer = {0};
	int r = ask(session, rotation, false, &answer, fail);

	if (r == LS_ERROR_CONFLICT && session->admin_token)
		r = ask(session, rotation, true, &answer, fail);
	return r < 0 ? r : check_answer(session, rotation, &answer, fail);
}

/* The stored netmap should not show the node's old keys. A failure is only noted: the agent does
 * not need this. */
static void refresh_netmap(struct session *session)
{
	struct ls_fail fail = {0};
	int r = session_fetch_netmap(session, &fail);

	if (r == 0)
		r = session_save_state(session, &fail);
	if (r < 0)
		cli_note("The keys are rotated, but the stored netmap is the old one: %s",
		         fail.text);
}

/* Takes the lock, loads the state again under it, and checks that a new one can be saved. */
static int prepare(struct session *session, struct rotation *rotation, struct ls_fail *fail)
{
	int r = session_load_state(session, fail); /* fails here if there is no state */

	if (r == 0)
		r = profile_state_lock(session->state_path, true, &rotation->lock_fd, fail);
	if (r < 0)
		return r;
	session->locked = true;
	profile_state_free(session->state);
	session->state = NULL;
	r = session_load_state(session, fail);
	return r < 0 ? r : session_state_room_check(session->state_path, fail);
}

static int rotate(struct session *session, struct rotation *rotation, struct ls_fail *fail)
{
	int r;

	session_node_keys_load(&rotation->keys, session->state);
	if (rotation->machine)
		session_node_keys_renew_machine(&rotation->keys);
	if (rotation->wg)
		session_node_keys_renew_wg(&rotation->keys);
	r = tell_server(session, rotation, fail);
	if (r < 0)
		return r;
	r = session_save_keys(session, &rotation->keys, fail);
	if (r < 0)
		return ls_fail_set(fail, r,
		                   "the server has the new keys, but they are not stored: %.300s; "
		                   "fix that and run '%s rotate-keys' again",
		                   fail->text, session->program);
	refresh_netmap(session);
	return 0;
}

static int print_result(const struct cli_args *args, const struct session *session,
                        const struct rotation *rotation, struct ls_fail *fail)
{
	const struct node_state *state = session->state;
	struct key_rotation rotated = {
	        .node_id = state->node_id,
	        .has_machine = true,
	        .has_wg = true,
	        .machine_public_key = state->machine_public_key,
	        .wg_public_key = state->wg_public_key,
	};
	char machine[LS_KEY_TEXT], wg[LS_KEY_TEXT];

	if (cli_given(args, "json"))
		return cli_print_json(proto_key_rotation_encode(&rotated), fail);
	cli_field("node", "%s (%s)", state->node_name, state->node_id);
	cli_field("machine key", "%s (%s)", key_encode(state->machine_public_key.b, machine),
	          rotation->machine ? "new" : "unchanged");
	cli_field("WireGuard key", "%s (%s)", key_encode(state->wg_public_key.b, wg),
	          rotation->wg ? "new" : "unchanged");
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct rotation rotation LS_CLEANUP(rotation_done) = {.lock_fd = -1};
	bool machine = cli_given(args, "machine"), wg = cli_given(args, "wg");
	int r = session_open(args, &session, fail);

	rotation.machine = machine || !wg;
	rotation.wg = wg || !machine;
	if (r == 0)
		r = prepare(&session, &rotation, fail);
	if (r == 0)
		r = rotate(&session, &rotation, fail);
	return r < 0 ? r : print_result(args, &session, &rotation, fail);
}

static const struct cli_option options[] = {
        {.name = "machine",
         .kind = CLI_FLAG,
         .help = "only the machine key, unless --wg is given too"},
        {.name = "wg",
         .kind = CLI_FLAG,
         .help = "only the WireGuard key, unless --machine is given too"},
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_rotate_keys = {
        .path = "rotate-keys",
        .summary = "Give this node new keys",
        .description =
                "Both keys, unless one is named. They are stored when the server has accepted\n"
                "them; a running agent takes them over by itself. New keys satisfy the network's\n"
                "maximum age. They also lift a revocation, unless revocations of the network are\n"
                "final: then this needs the admin token.",
        .options = options,
        .run = run,
};
