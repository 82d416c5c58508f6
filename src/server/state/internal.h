/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of state/: what its changes share. */
#ifndef LS_SERVER_STATE_INTERNAL_H
#define LS_SERVER_STATE_INTERNAL_H

#include "server/state/memory.h"
#include "server/state/state.h"

enum {
	CHANGE_OPS_MAX = 12,
	CHANGE_ARENA_MAX = 1 << 16,
};

/* One change on its way to the store. Texts given to it live in its arena until state_change_done.
 */
struct change {
	struct server_state *state;
	struct network *network;
	struct origin origin;
	struct ls_arena *arena;
	struct store_op ops[CHANGE_OPS_MAX];
	size_t count;
	bool bumps;  /* the network's revision */
	bool failed; /* memory is gone */
};

/* change.c */
void state_change_begin(struct change *c, struct server_state *state, struct network *network,
                        const struct origin *origin);
void state_change_done(struct change *c);
void state_change_add(struct change *c, const struct store_op *op);
void state_change_put_node(struct change *c, const struct node_record *record);
void state_change_put_token(struct change *c, const struct token_record *record);
void state_change_add_key(struct change *c, const char *node_id, enum key_type type,
                          const uint8_t key[static LS_KEY_LEN]);
/* revoked_at 0: in force again */
void state_change_revoke_key(struct change *c, const char *node_id, enum key_type type,
                             const uint8_t key[static LS_KEY_LEN], int64_t revoked_at);
/* By the change's origin. node_id may be NULL. The detail is for people, and holds no secret. */
void state_change_audit(struct change *c, const char *action, const char *node_id,
                        const char *detail);
/* Makes all of it durable, with the bumped revision. */
int state_change_commit(struct change *c, struct ls_fail *fail) LS_MUST_CHECK;
/* After a commit was applied: shows the new revision and tells the watchers. */
void state_change_publish(struct change *c);

/* index.c: objects in and out of the look-up tables. Adding aborts when memory is gone: by then the
 * change is durable. */
void state_map_must_add(struct ls_map *map, const void *key, size_t key_len, void *value);
void state_name_fold(const char *name, char ret[static LIMIT_NODE_NAME_LEN + 1]);
/* LS_ERROR_CONFLICT when a node other than `self` that is not revoked has the name or the key. */
int state_index_check(const struct network *network, const struct node *self, const char *name,
                      const struct wg_public_key *key, struct ls_fail *fail) LS_MUST_CHECK;
/* Swaps the node's record for a new one, which it owns then. */
void state_node_replace(struct node *node, struct node_record *record, struct server_state *state,
                        int64_t now);
/* In force or not, as of now; true when that changed. Drops stale texts, notes the next expiry. */
bool state_node_refresh(struct node *node, struct server_state *state, int64_t now);
/* Links a node that has its network, record and addresses; -ENOMEM. */
int state_node_link(struct node *node, struct server_state *state, int64_t now) LS_MUST_CHECK;
void state_node_unlink_and_free(struct node *node, struct server_state *state);
struct network *state_network_new(struct network_record *record);
void state_network_free(struct network *network);
/* Reads the policy of the record; `fail` says what is wrong with it. */
int state_network_use_policy(struct network *network, const char *acl_json,
                             struct ls_fail *fail) LS_MUST_CHECK;
struct token *state_token_link(struct server_state *state, struct network *network,
                               struct token_record *record);
void state_token_unlink_and_free(struct token *token, struct server_state *state);

/* reclaim.c: whether as many nodes wait for approval as may; strangers get no more. */
bool state_pending_is_full(const struct network *network);
/* Removes requests to join that expired unapproved, where they stand in the way of a new
 * node: the holder of its name, the holder of its key, and one when the network is full. */
int state_reclaim_for(struct server_state *state, struct network *network, const char *name,
                      const struct wg_public_key *key, int64_t now,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* seen.c: last_seen in memory, written now and then. */
void state_node_seen(struct node *node, struct server_state *state, int64_t now);
void state_seen_flush(struct server_state *state, int64_t now);

/* tokens.c: the record of a new token, whose secret goes into `secret`; NULL when memory is gone.
 */
struct token_record *state_token_draft(const struct network *network,
                                       const struct token_create *request, int64_t now,
                                       char secret[static SECRET_TEXT]) LS_MUST_CHECK;

#endif
