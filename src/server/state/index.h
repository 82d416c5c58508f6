/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in and out of the look-up tables. Adding aborts when memory is gone: by then the change
 * is durable. */
#ifndef LS_SERVER_STATE_INDEX_H
#define LS_SERVER_STATE_INDEX_H

#include "server/state/memory.h"
#include "server/state/objects.h"

void state_map_must_add(struct ls_map *map, const void *key, size_t key_len, void *value);
void state_name_fold(const char *name, char ret[static LIMIT_NODE_NAME_LEN + 1]);
/* LS_ERROR_CONFLICT when a node other than these, and not revoked, has the name or the key. */
int state_index_check(const struct network *network, struct node *const *others, size_t count,
                      const char *name, const struct wg_public_key *key,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Swaps the node's record for a new one, which it owns then. */
void state_node_replace(struct node *node, struct node_record *record, struct server_state *state,
                        int64_t now);
/* In force or not, as of now; true when that changed. Drops stale texts, notes the next expiry. */
bool state_node_refresh(struct node *node, struct server_state *state, int64_t now);
/* A new node of the network, with its addresses taken; it owns the record then. -ENOMEM, or an
 * address that it cannot have; neither after a check that found room for it
 * (state_address_pool_next, state_roster_reserve). */
int state_node_link(struct server_state *state, struct network *network, struct node_record *record,
                    int64_t now, struct node **ret) LS_MUST_CHECK;
void state_node_unlink_and_free(struct node *node, struct server_state *state);
/* The network has something to do then at the latest: a key comes of age, or what failed is tried
 * again. */
void state_expiry_note(struct server_state *state, struct network *network, int64_t at);
struct network *state_network_new(struct network_record *record);
void state_network_free(struct network *network);
/* Reads the text of a policy into a new arena; `fail` says what is wrong with it. */
int state_policy_read(const char *acl_json, struct ls_arena **ret_arena, struct acl_policy *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* The network owns the arena then. */
void state_network_use_policy(struct network *network, struct ls_arena *arena,
                              const struct acl_policy *policy);
struct token *state_token_link(struct server_state *state, struct network *network,
                               struct token_record *record);
/* Swaps the token's record for a new one, which it owns then. */
void state_token_replace(struct token *token, struct token_record *record);
void state_token_unlink_and_free(struct token *token, struct server_state *state);

#endif
