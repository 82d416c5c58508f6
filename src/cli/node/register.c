/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/node/enrol.h"
#include "cli/session/call.h"
#include "cli/show/nodes_table.h"
#include "proto/registration.h"

static void note_netmap(const struct session *session, const struct register_answer *answer)
{
	if (answer->netmap)
		show_peers_note_keys(answer->netmap->peers, answer->netmap->peer_count);
	else
		cli_note(
		        "The netmap in the server's answer cannot be read: %s; '%s netmap' fetches a "
		        "new one.",
		        answer->netmap_fail.text, session->program);
}

static int enrol(struct enrolment *enrolment, const char *token, struct ls_fail *fail)
{
	struct register_request request = {
	        .token = token,
	        .node_name = enrolment->node_name,
	        .rename_if_taken = enrolment->any_name,
	        .machine_public_key = enrolment->keys.machine_public_key,
	        .wg_public_key = enrolment->keys.wg_public_key,
	};
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_REGISTER,
	                                  .body = proto_register_request_encode(&request)};
	struct register_answer answer = {0};
	struct enrolled enrolled;
	int r = SESSION_CALL(enrolment->session, &call, proto_register_answer_decode, &answer,
	                     fail);

	if (r < 0)
		return r;
	enrolled = (struct enrolled){
	        .network_id = answer.network_id,
	        .node_id = answer.node_id,
	        .node_token = answer.node_token,
	        .node_name = answer.node_name,
	        .ipv4 = answer.ipv4,
	        .ipv6 = answer.ipv6,
	        .netmap = answer.netmap,
	};
	note_netmap(enrolment->session, &answer);
	return node_enrol_store(enrolment, &enrolled, fail);
}

static int print_result(const struct cli_args *args, const struct session *session,
                        struct ls_fail *fail)
{
	const struct node_state *state = session->state;
	const struct netmap *map = state->last_netmap;
	char v4[LS_IP_TEXT], v6[LS_IP_TEXT];

	if (cli_given(args, "json"))
		return cli_print_json(
		        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "profile",
		                  session->profile, "network_id", state->network_id, "node_id",
		                  state->node_id, "node_name", state->node_name, "ipv4",
		                  ls_ip_format(&state->ipv4, v4), "ipv6",
		                  ls_ip_format(&state->ipv6, v6), "approved",
		                  map ? json_boolean(map->node.approved) : json_null()),
		        fail);
	cli_field("node", "%s (%s)", state->node_name, state->node_id);
	cli_field("network", "%s%s%s%s", map ? map->network.name : "", map ? " (" : "",
	          state->network_id, map ? ")" : "");
	cli_field("addresses", "%s, %s", ls_ip_format(&state->ipv4, v4),
	          ls_ip_format(&state->ipv6, v6));
	cli_field("approved", "%s",
	          !map                 ? "unknown"
	          : map->node.approved ? "yes"
	                               : "no, it waits for approval");
	cli_field("state", "%s", session->state_path);
	session_note_next(session, "agent", "keeps this machine in the network, as root");
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct enrolment enrolment LS_CLEANUP(node_enrol_done) = {.lock_fd = -1};
	int r = session_open(args, &session, fail);

	if (r == 0)
		r = node_enrol_begin(args, &session, &enrolment, fail);
	if (r == 0)
		r = enrol(&enrolment, args->positionals[0], fail);
	return r < 0 ? r : print_result(args, &session, fail);
}

static const struct cli_option options[] = {
        ENROL_OPTIONS,
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_register = {
        .path = "register",
        .summary = "Register this machine with an enrolment token",
        .description = "The keys are made here and stored in the profile's state directory. The\n"
                       "private keys never leave this machine. A profile that is registered\n"
                       "already is refused.",
        .positionals = {{.name = "TOKEN",
                         .help = "an enrolment token, from 'admin token create'",
                         .secret = true}},
        .options = options,
        .run = run,
};
