/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"

const struct cli_option admin_json_options[] = {
        CLI_OPTION_JSON,
        {0},
};

int admin_run(const struct cli_args *args,
              int (*fn)(const struct cli_args *args, struct session *session, struct ls_fail *fail),
              struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	int r = session_open(args, &session, fail);

	return r < 0 ? r : fn(args, &session, fail);
}

int admin_fetch_policy(struct session *session, const char *network, struct acl_policy *ret,
                       struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_ACL_GET, .params = {network}};

	return SESSION_CALL(session, &call, proto_acl_policy_decode, ret, fail);
}

int admin_fetch_nodes(struct session *session, const char *network, struct node_list *ret,
                      struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_NODE_LIST,
	                                  .params = {network}};

	return SESSION_CALL(session, &call, proto_node_list_decode, ret, fail);
}

void admin_print_token(const struct session *session, const struct enrollment_token *token)
{
	char age[CLI_AGE_TEXT];

	cli_field("token", "%s", token->token);
	cli_field("uses", "%" PRIu64, token->uses_left);
	cli_field("expires", "%s", cli_age(token->expires_at, ls_wall_s(), age));
	cli_field_list("tags", token->tags);
	cli_note("The token is not shown again: keep it safe. Next, on a new node: "
	         "'" CLI_PROGRAM " init %s', then '" CLI_PROGRAM " register TOKEN'.",
	         session->urls.items[0].text);
}
