/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "proto/acl.h"

static int find_node(const struct node_list *nodes, const char *wanted,
                     const struct node_info **ret, struct ls_fail *fail)
{
	const struct node_info *found = NULL;

	for (size_t i = 0; i < nodes->count; i++) {
		const struct node_info *node = &nodes->items[i];

		if (ls_streq(node->peer.id, wanted)) {
			*ret = node;
			return 0;
		}
		/* A name is unique only among nodes that are not revoked: prefer those. */
		if (strcasecmp(node->peer.name, wanted) == 0 && (!found || found->revoked))
			found = node;
	}
	if (!found)
		return ls_fail_set(
		        fail, LS_ERROR_NOT_FOUND,
		        "the network has no node with the id or name '%.64s': '" CLI_PROGRAM
		        " admin nodes' lists them",
		        wanted);
	*ret = found;
	return 0;
}

struct question {
	const struct node_info *src;
	const struct node_info *dst;
	struct acl_verdict there;
	struct acl_verdict back;
	bool active;
	bool src_sees; /* the other; both do, unless the policy's sight is one-way */
	bool dst_sees;
};

static struct acl_subject subject_of(const struct node_info *node)
{
	return (struct acl_subject){
	        .id = node->peer.id, .name = node->peer.name, .tags = node->peer.tags};
}

static void print_verdict(const struct node_info *from, const struct node_info *to,
                          struct acl_verdict verdict)
{
	const char *action = proto_acl_action_name(verdict.allowed ? ACL_ALLOW : ACL_DENY);
	LS_FREE char *label = NULL;

	if (asprintf(&label, "%s -> %s", from->peer.name, to->peer.name) < 0)
		abort();
	if (verdict.rule == ACL_RULE_DEFAULT)
		cli_field(label, "%s (no rule matches: the default)", action);
	else
		cli_field(label, "%s (rule %d)", action, verdict.rule);
}

static json_t *encode_verdict(struct acl_verdict verdict)
{
	return json_pack("{s:s, s:o}", "action",
	                 proto_acl_action_name(verdict.allowed ? ACL_ALLOW : ACL_DENY), "rule",
	                 verdict.rule == ACL_RULE_DEFAULT ? json_null()
	                                                  : json_integer(verdict.rule));
}

static int print_question(const struct cli_args *args, const struct question *question,
                          struct ls_fail *fail)
{
	if (cli_given(args, "json"))
		return cli_print_json(
		        json_pack("{s:s, s:s, s:o, s:o, s:b, s:b, s:b}", "src",
		                  question->src->peer.id, "dst", question->dst->peer.id, "forward",
		                  encode_verdict(question->there), "reverse",
		                  encode_verdict(question->back), "src_sees", question->src_sees,
		                  "dst_sees", question->dst_sees, "can_see",
		                  question->src_sees && question->dst_sees),
		        fail);
	print_verdict(question->src, question->dst, question->there);
	print_verdict(question->dst, question->src, question->back);
	if (question->src_sees != question->dst_sees)
		cli_field("can see", "only %s sees %s (one-way): no traffic flows",
		          question->src_sees ? question->src->peer.name : question->dst->peer.name,
		          question->src_sees ? question->dst->peer.name : question->src->peer.name);
	else
		cli_field("can see", "%s",
		          question->src_sees  ? "yes, each other"
		          : !question->active ? "no: both nodes must be active"
		                              : "no: both directions must be allowed");
	return 0;
}

static int test(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct acl_policy policy = {0};
	struct node_list nodes = {0};
	struct question question = {0};
	struct acl_subject src, dst;
	int r = admin_fetch_policy(session, args->positionals[0], &policy, fail);

	if (r == 0)
		r = admin_fetch_nodes(session, args->positionals[0], &nodes, fail);
	if (r == 0)
		r = find_node(&nodes, args->positionals[1], &question.src, fail);
	if (r == 0)
		r = find_node(&nodes, args->positionals[2], &question.dst, fail);
	if (r == 0 && question.src == question.dst)
		r = ls_fail_set(fail, LS_ERROR_BAD_VALUE, "'%.64s' and '%.64s' are the same node",
		                args->positionals[1], args->positionals[2]);
	if (r != 0)
		return r;
	src = subject_of(question.src);
	dst = subject_of(question.dst);
	question.there = proto_acl_evaluate(&policy, &src, &dst);
	question.back = proto_acl_evaluate(&policy, &dst, &src);
	question.active = proto_node_is_active(question.src) && proto_node_is_active(question.dst);
	question.src_sees = question.active && proto_acl_sees(&policy, &src, &dst);
	question.dst_sees = question.active && proto_acl_sees(&policy, &dst, &src);
	return print_question(args, &question, fail);
}

static int run_test(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, test, fail);
}

const struct cli_command admin_acl_test = {
        .path = "admin acl test",
        .summary = "Say whether the policy lets one node reach another, and which rule decides",
        .positionals = {CLI_NETWORK_POSITIONAL,
                        {.name = "SRC", .help = "a node's id or name"},
                        {.name = "DST", .help = "another node's id or name"}},
        .options = admin_json_options,
        .run = run_test,
};
