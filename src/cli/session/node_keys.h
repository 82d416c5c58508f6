/* SPDX-License-Identifier: Apache-2.0 */
/* The key pairs with which a node registers, new or from files, and its name. */
#ifndef LS_CLI_SESSION_NODE_KEYS_H
#define LS_CLI_SESSION_NODE_KEYS_H

#include "base/error.h"
#include "cli/frame/args.h"
#include "crypto/keys.h"
#include "profile/node_state.h"
#include "proto/limits.h"

struct node_keys {
	struct machine_private_key machine_private_key;
	struct machine_public_key machine_public_key;
	struct wg_private_key wg_private_key;
	struct wg_public_key wg_public_key;
};

/* Reads the keys from --machine-private-key-file and --wg-private-key-file; generates those that
 * are not given. */
int session_node_keys_make(const struct cli_args *args, struct node_keys *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
void session_node_keys_wipe(struct node_keys *keys);

/* Copy the keys from a state and into one. */
void session_node_keys_load(struct node_keys *keys, const struct node_state *state);
void session_node_keys_store(const struct node_keys *keys, struct node_state *state);
/* Replace one pair by a new one. */
void session_node_keys_renew_machine(struct node_keys *keys);
void session_node_keys_renew_wg(struct node_keys *keys);

/* The name from --node-name, which must be a DNS label, else one made from the host name. */
int session_node_name_pick(const struct cli_args *args, char ret[static LIMIT_NODE_NAME_LEN + 1],
                           struct ls_fail *fail) LS_MUST_CHECK;

#endif
