/* SPDX-License-Identifier: Apache-2.0 */
/* A network's policy and nodes, as the server has them. What is fetched lives as long as the
 * session. */
#ifndef LS_CLI_ADMIN_ACL_FETCH_H
#define LS_CLI_ADMIN_ACL_FETCH_H

#include "cli/session/session.h"
#include "proto/acl.h"
#include "proto/node_admin.h"

int admin_acl_fetch_policy(struct session *session, const char *network, struct acl_policy *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
int admin_acl_fetch_nodes(struct session *session, const char *network, struct node_list *ret,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
