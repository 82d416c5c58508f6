/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/show/nodes_table.h"
#include "proto/limits.h"
#include "proto/node_admin.h"
#include "proto/registration.h"

#define REVOCATION_HELP                                                                                 \
	"Where revocations are final, only an admin lifts this one: with admin keys rotate, or with\n"  \
	"rotate-keys on the machine and the admin token. Where they are not, the machine itself does\n" \
	"with rotate-keys. A stolen machine that knows the network's id can also ask to join anew:\n"   \
	"--join admin or off keeps it out. So does revoking the enrolment tokens that it knows."

static int keep_pending(const struct node_list *all, struct ls_arena *arena, struct node_list *ret,
                        struct ls_fail *fail)
{
	struct node_info *kept = ls_arena_alloc(arena, all->count + 1, sizeof(*kept));
	size_t count = 0;

	if (!kept)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	for (size_t i = 0; i < all->count; i++) {
		if (!all->items[i].approved && !all->items[i].revoked)
			kept[count++] = all->items[i];
	}
	*ret = (struct node_list){.items = kept, .count = count};
	return 0;
}

static int nodes(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct node_list list = {0};
	int r = admin_fetch_nodes(session, args->positionals[0], &list, fail);

	if (r == 0)
		show_nodes_note_keys(&list);
	if (r == 0 && cli_given(args, "pending"))
		r = keep_pending(&list, session->arena, &list, fail);
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_node_list_encode(&list), fail);
	show_nodes_table_print(&list, cli_given(args, "pending"));
	return 0;
}

static int run_nodes(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, nodes, fail);
}

static const struct cli_option nodes_options[] = {
        {.name = "pending",
         .kind = CLI_FLAG,
         .help = "only nodes that wait for approval, and how long"},
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_nodes = {
        .path = "admin nodes",
        .summary = "List the nodes of a network",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = nodes_options,
        .run = run_nodes,
};

static int approve(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_APPROVE,
	                                  .params = {args->positionals[0]}};
	struct approval_answer answer = {0};
	int r = SESSION_CALL(session, &call, proto_approval_answer_decode, &answer, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_approval_answer_encode(&answer), fail);
	cli_field("node", "%s", answer.node_id);
	cli_field("approved", "%s", answer.approved ? "yes" : "no");
	return 0;
}

static int run_approve(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, approve, fail);
}

const struct cli_command admin_approve = {
        .path = "admin approve",
        .summary = "Approve a node",
        .positionals = {CLI_NODE_POSITIONAL},
        .options = admin_json_options,
        .run = run_approve,
};

static int update(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct node_update request = {
	        .name = cli_text(args, "name"),
	        .has_tags = cli_given(args, "tags") || cli_given(args, "clear-tags"),
	};
	LS_FREE const char **tags = cli_list(args, "tags", &request.tags.count);
	struct session_call call = {.endpoint = PROTO_ENDPOINT_NODE_UPDATE,
	                            .params = {args->positionals[0]}};
	struct node_info node = {0};
	int r;

	request.tags.items = tags;
	call.body = proto_node_update_encode(&request);
	r = SESSION_CALL(session, &call, proto_node_answer_decode, &node, fail);
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_node_answer_encode(&node), fail);
	cli_field("node", "%s (%s)", node.peer.name, node.peer.id);
	cli_field("DNS name", "%s", node.peer.dns_name);
	cli_field_list("tags", node.peer.tags);
	return 0;
}

static int run_update(const struct cli_args *args, struct ls_fail *fail)
{
	bool tags = cli_given(args, "tags"), clear = cli_given(args, "clear-tags");

	if (tags && clear)
		return ls_fail_set(fail, LS_ERROR_USAGE, "give either --tags or --clear-tags");
	if (!tags && !clear && !cli_given(args, "name"))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "nothing to update: give --name, --tags or --clear-tags");
	return admin_run(args, update, fail);
}

static const struct cli_option update_options[] = {
        {
                .name = "name",
                .kind = CLI_TEXT,
                .placeholder = "NAME",
                .help = "a new name, a DNS label",
        },
        {
                .name = "tags",
                .kind = CLI_TEXT,
                .repeatable = true,
                .placeholder = "TAG",
                .help = "the node's new tags",
        },
        {.name = "clear-tags", .kind = CLI_FLAG, .help = "remove all tags"},
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_node_update = {
        .path = "admin node update",
        .summary = "Rename a node or change its tags",
        .positionals = {CLI_NODE_POSITIONAL},
        .options = update_options,
        .run = run_update,
};

/* Who can lift the revocation, and what keeps the machine from joining anew. */
static void print_revocation(const struct network_rules_given *given)
{
	static const char *const texts[] = {
	        [NETWORK_JOIN_LINK] = "no: it can ask to join anew and approve itself; 'admin "
	                              "network set NET --join admin' stops that",
	        [NETWORK_JOIN_ADMIN] = "yes, unless an admin approves it again, or it has an "
	                               "enrolment token",
	        [NETWORK_JOIN_OFF] = "yes, unless it has an enrolment token",
	};

	if (given->rules.revocation == NETWORK_REVOCATION_FINAL)
		cli_field("revocation", "final: only an admin lifts it");
	else
		cli_field("revocation",
		          "rotate: the machine lifts it with rotate-keys; 'admin network set NET "
		          "--revocation final' stops that");
	cli_field("kept out", "%s",
	          given->rules.revocation == NETWORK_REVOCATION_FINAL ||
	                          given->rules.join == NETWORK_JOIN_LINK
	                  ? texts[given->rules.join]
	                  : "no");
}

static int removal(const struct cli_args *args, struct session *session,
                   enum proto_endpoint endpoint, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = endpoint, .params = {args->positionals[0]}};
	struct node_removal answer = {0};
	int r = SESSION_CALL(session, &call, proto_node_removal_decode, &answer, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_node_removal_encode(&answer), fail);
	cli_field(endpoint == PROTO_ENDPOINT_NODE_DELETE ? "deleted" : "revoked", "%s",
	          answer.node_id);
	if (endpoint == PROTO_ENDPOINT_NODE_REVOKE)
		print_revocation(&answer.given);
	return 0;
}

static int delete_node(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	return removal(args, session, PROTO_ENDPOINT_NODE_DELETE, fail);
}

static int revoke_node(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	return removal(args, session, PROTO_ENDPOINT_NODE_REVOKE, fail);
}

static int run_delete(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, delete_node, fail);
}

static int run_revoke(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, revoke_node, fail);
}

const struct cli_command admin_node_delete = {
        .path = "admin node delete",
        .summary = "Delete a node",
        .positionals = {CLI_NODE_POSITIONAL},
        .options = admin_json_options,
        .run = run_delete,
};

const struct cli_command admin_node_revoke = {
        .path = "admin node revoke",
        .summary = "Cut a node off until its keys are rotated",
        .description = REVOCATION_HELP,
        .positionals = {CLI_NODE_POSITIONAL},
        .options = admin_json_options,
        .run = run_revoke,
};

const struct cli_command admin_keys_revoke = {
        .path = "admin keys revoke",
        .summary = "Revoke the keys of a node: it is cut off until it has new ones",
        .description = REVOCATION_HELP,
        .positionals = {CLI_NODE_POSITIONAL},
        .options = admin_json_options,
        .run = run_revoke,
};
