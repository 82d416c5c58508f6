/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_SERVER_STATE_CHANGE_H
#define LS_SERVER_STATE_CHANGE_H

#include "server/state/memory.h"
#include "server/state/objects.h"
#include "server/state/origin.h"
#include "server/store/store.h"

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
/* Waits for the commit: only for a store that answers at once. */
int state_change_write(struct store *store, const struct store_op *ops, size_t count,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Makes all of it durable, with the bumped revision. */
int state_change_commit(struct change *c, struct ls_fail *fail) LS_MUST_CHECK;
/* After a commit was applied: shows the new revision and tells the watchers. */
void state_change_publish(struct change *c);

#endif
