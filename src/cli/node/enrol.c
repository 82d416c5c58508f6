/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node/enrol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/str.h"
#include "cli/frame/output.h"
#include "cli/session/call.h"
#include "cli/session/state_room.h"

static int refuse_registered(struct session *session, struct ls_fail *fail)
{
	int r = session_load_state(session, fail);

	if (r == LS_ERROR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	return ls_fail_set(fail, LS_ERROR_CONFLICT,
	                   "profile '%s' is registered already, as node %s (%s) with its state in "
	                   "%s: choose another --profile, or remove that file to start over",
	                   session->profile, session->state->node_name, session->state->node_id,
	                   session->state_path);
}

static int prepare_directory(struct session *session, int *ret_lock, struct ls_fail *fail)
{
	LS_FREE char *dir = ls_strdup(session->state_path);
	int r = ls_file_make_parent(session->state_path, 0700, fail);

	if (r < 0)
		return r;
	*strrchr(dir, '/') = '\0'; /* the path always ends in /state.json */
	r = profile_state_lock(session->state_path, false, ret_lock, fail);
	if (r == -EWOULDBLOCK)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "another process is registering with the state directory %s",
		                   dir);
	session->locked = r == 0;
	if (r == 0)
		r = session_state_room_check(session->state_path, fail);
	return r;
}

int node_enrol_begin(const struct cli_args *args, struct session *session, struct enrolment *ret,
                     struct ls_fail *fail)
{
	int r;

	*ret = (struct enrolment){.session = session, .lock_fd = -1};
	ret->any_name = !cli_given(args, "node-name");
	r = session_node_name_pick(args, ret->node_name, fail);
	if (r == 0)
		r = session_need_urls(session, fail);
	if (r == 0)
		r = refuse_registered(session, fail);
	if (r == 0)
		r = session_node_keys_make(args, &ret->keys, fail);
	if (r == 0)
		r = prepare_directory(session, &ret->lock_fd, fail);
	if (r == 0)
		r = refuse_registered(session, fail); /* again, under the lock */
	return r;
}

void node_enrol_done(struct enrolment *enrolment)
{
	session_node_keys_wipe(&enrolment->keys);
	if (enrolment->lock_fd >= 0) {
		(void)close(enrolment->lock_fd);
		enrolment->session->locked = false;
	}
	enrolment->lock_fd = -1;
}

static void fill_state(struct enrolment *enrolment, const struct enrolled *enrolled)
{
	struct node_state *state = profile_state_new();

	state->profile = ls_strdup(enrolment->session->profile);
	state->network_id = ls_strdup(enrolled->network_id);
	state->node_id = ls_strdup(enrolled->node_id);
	state->node_name =
	        ls_strdup(enrolled->node_name ? enrolled->node_name : enrolment->node_name);
	if (!ls_streq(state->node_name, enrolment->node_name))
		cli_note("The server calls this node '%s', since '%s' is taken.", state->node_name,
		         enrolment->node_name);
	session_node_keys_store(&enrolment->keys, state);
	state->node_token = ls_strdup(enrolled->node_token);
	state->ipv4 = enrolled->ipv4;
	state->ipv6 = enrolled->ipv6;
	profile_state_free(enrolment->session->state);
	enrolment->session->state = state;
	if (enrolled->netmap)
		session_take_netmap(enrolment->session, enrolled->netmap);
}

int node_enrol_store(struct enrolment *enrolment, const struct enrolled *enrolled,
                     struct ls_fail *fail)
{
	struct session *session = enrolment->session;
	int r;

	fill_state(enrolment, enrolled);
	r = session_save_state(session, fail);
	if (r < 0)
		return ls_fail_set(fail, r,
		                   "the server has registered node %s, but its state is lost: "
		                   "%.300s; remove it there ('" CLI_PROGRAM
		                   " admin node delete %s') and register again",
		                   enrolled->node_id, fail->text, enrolled->node_id);
	r = session_save_servers(session, fail);
	if (r < 0)
		return ls_fail_prefix(fail,
		                      "the node is registered, but its control URLs are not saved "
		                      "('init' saves them)");
	return 0;
}
