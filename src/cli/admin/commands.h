/* SPDX-License-Identifier: Apache-2.0 */
/* The commands for administrators of the control server. */
#ifndef LS_CLI_ADMIN_COMMANDS_H
#define LS_CLI_ADMIN_COMMANDS_H

#include "cli/frame/command.h"

extern const struct cli_command admin_network_create;
extern const struct cli_command admin_network_list;
extern const struct cli_command admin_network_set;
extern const struct cli_command admin_network_delete;
extern const struct cli_command admin_nodes;
extern const struct cli_command admin_approve;
extern const struct cli_command admin_node_update;
extern const struct cli_command admin_node_delete;
extern const struct cli_command admin_node_revoke;
extern const struct cli_command admin_token_create;
extern const struct cli_command admin_token_list;
extern const struct cli_command admin_token_revoke;
extern const struct cli_command admin_acl_get;
extern const struct cli_command admin_acl_set;
extern const struct cli_command admin_acl_test;
extern const struct cli_command admin_key_policy_get;
extern const struct cli_command admin_key_policy_set;
extern const struct cli_command admin_keys_rotate;
extern const struct cli_command admin_keys_history;
extern const struct cli_command admin_keys_revoke;
extern const struct cli_command admin_audit;

#endif
