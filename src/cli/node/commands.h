/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about this node: its registration and its state. */
#ifndef LS_CLI_NODE_COMMANDS_H
#define LS_CLI_NODE_COMMANDS_H

#include "cli/frame/command.h"

extern const struct cli_command node_init;
extern const struct cli_command node_pin;
extern const struct cli_command node_register;
extern const struct cli_command node_register_url;
extern const struct cli_command node_heartbeat;
extern const struct cli_command node_rotate_keys;
extern const struct cli_command node_netmap;
extern const struct cli_command node_status;
extern const struct cli_command node_relay;

#endif
