/* SPDX-License-Identifier: Apache-2.0 */
/* Adds objects to the look-up tables and removes them. Adding aborts the process when out of
 * memory, since the change is durable by then. */
#ifndef LS_SERVER_STATE_INDEX_H
#define LS_SERVER_STATE_INDEX_H

#include "server/state/memory.h"
#include "server/state/objects.h"

void state_map_must_add(struct ls_map *map, const void *key, size_t key_len, void *value);
void state_name_fold(const char *name, char ret[static LIMIT_NODE_NAME_LEN + 1]);
/* LS_ERROR_CONFLICT when a node has the name or the key, is not revoked and not among `others`. */
int state_index_check(const struct network *network, struct node *const *others, size_t count,
                      const char *name, const struct wg_public_key *key,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Replaces the node's record. The node owns the new record from here on. */
void state_node_replace(struct node *node, struct node_record *record, struct server_state *state);
/* Decides again if the node is active and if its keys are too old, at state->now: a change that was
 * begun earlier may know an old or a wrong time. When either is different now, drops the cached
 * texts and sets active_unwritten of the network. Notes when its keys expire. */
void state_node_refresh(struct node *node, struct server_state *state);
/* Adds a new node to the network and takes its addresses. On success, the node owns the record.
 * Fails with -ENOMEM, or as state_address_pool_take. Cannot fail after a check that has called
 * state_address_pool_next for its addresses and state_roster_reserve. */
int state_node_link(struct server_state *state, struct network *network, struct node_record *record,
                    struct node **ret) LS_MUST_CHECK;
void state_node_unlink_and_free(struct node *node, struct server_state *state);
/* Makes state_expiry_run look at the network at time `at`, or earlier. */
void state_expiry_note(struct server_state *state, struct network *network, int64_t at);
/* A request to join expires at time `at`. */
void state_request_note(struct server_state *state, int64_t at);
struct network *state_network_new(struct network_record *record);
void state_network_free(struct network *network);
/* Parses the text of a policy into a new arena, which the caller owns. */
int state_policy_read(const char *acl_json, struct ls_arena **ret_arena, struct acl_policy *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Sets the network's policy. The network owns the arena from here on. */
void state_network_use_policy(struct network *network, struct ls_arena *arena,
                              const struct acl_policy *policy);
struct token *state_token_link(struct server_state *state, struct network *network,
                               struct token_record *record);
/* Replaces the token's record. The token owns the new record from here on. */
void state_token_replace(struct token *token, struct token_record *record);
void state_token_unlink_and_free(struct token *token, struct server_state *state);

#endif
