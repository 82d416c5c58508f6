/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin commands share. */
#ifndef LS_CLI_ADMIN_ADMIN_H
#define LS_CLI_ADMIN_ADMIN_H

#include "base/error.h"
#include "cli/frame/args.h"
#include "cli/session/call.h"
#include "proto/acl.h"
#include "proto/node_admin.h"
#include "proto/token.h"

extern const struct cli_option admin_json_options[]; /* --json alone */

/* Opens a session, calls `fn` with it and closes it. */
int admin_run(const struct cli_args *args,
              int (*fn)(const struct cli_args *args, struct session *session, struct ls_fail *fail),
              struct ls_fail *fail) LS_MUST_CHECK;

/* Fetch a network's policy and its nodes; the results live as long as the session. */
int admin_fetch_policy(struct session *session, const char *network, struct acl_policy *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
int admin_fetch_nodes(struct session *session, const char *network, struct node_list *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* Prints a new token with its secret, and what to do with it. */
void admin_print_token(const struct session *session, const struct enrollment_token *token);

#endif
