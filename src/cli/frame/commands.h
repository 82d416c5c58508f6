/* SPDX-License-Identifier: Apache-2.0 */
/* Every command there is, for the one table in commands.c, and what their tables share. */
#ifndef LS_CLI_FRAME_COMMANDS_H
#define LS_CLI_FRAME_COMMANDS_H

#include "cli/frame/command.h"

/* A function of the data plane's in a table: without it nothing of it is compiled or linked, and
 * `need` keeps the NULL from being called. */
#if LS_WITH_DATA_PLANE
#define CLI_DATA_PLANE(function) (function)
#else
#define CLI_DATA_PLANE(function) NULL
#endif

#define CLI_OPTION_JSON                                                                            \
	{                                                                                          \
		.name = "json", .kind = CLI_FLAG, .help = "print one JSON document"                \
	}
#define CLI_NETWORK_POSITIONAL                                                                     \
	{                                                                                          \
		.name = "NETWORK", .help = "the network's id"                                      \
	}
#define CLI_NODE_POSITIONAL                                                                        \
	{                                                                                          \
		.name = "NODE", .help = "the node's id"                                            \
	}

extern const struct cli_command node_init;
extern const struct cli_command node_pin;
extern const struct cli_command node_register;
extern const struct cli_command node_register_url;
extern const struct cli_command node_heartbeat;
extern const struct cli_command node_rotate_keys;
extern const struct cli_command node_netmap;
extern const struct cli_command node_status;
extern const struct cli_command host_dns;
extern const struct cli_command node_relay;
extern const struct cli_command host_completion;
extern const struct cli_command host_platform;
extern const struct cli_command host_wg_up;
extern const struct cli_command host_wg_down;
extern const struct cli_command host_agent;
extern const struct cli_command admin_network_create;
extern const struct cli_command admin_network_list;
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
