/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_SERVER_STATE_DIRECT_H
#define LS_SERVER_STATE_DIRECT_H

#include "server/state/memory.h"
#include "server/state/objects.h"
#include "server/state/origin.h"
#include "server/store/store.h"

enum {
	DIRECT_OPS_MAX = 12,
	DIRECT_ARENA_MAX = 1 << 16,
};

/* A change that waits for its commit. It goes when all are begun and come back (change.h). Texts
 * given to it live in its arena until state_direct_done.
 */
struct direct_change {
	struct server_state *state;
	struct network *network;
	struct origin origin;
	struct ls_arena *arena;
	struct store_op ops[DIRECT_OPS_MAX];
	size_t count;
	bool bumps;  /* the network's revision */
	bool failed; /* memory is gone */
};

void state_direct_begin(struct direct_change *c, struct server_state *state,
                        struct network *network, const struct origin *origin);
void state_direct_done(struct direct_change *c);
void state_direct_add(struct direct_change *c, const struct store_op *op);
void state_direct_put_node(struct direct_change *c, const struct node_record *record);
void state_direct_put_token(struct direct_change *c, const struct token_record *record);
void state_direct_add_key(struct direct_change *c, const char *node_id, enum key_type type,
                          const uint8_t key[static LS_KEY_LEN]);
/* revoked_at 0: in force again */
void state_direct_revoke_key(struct direct_change *c, const char *node_id, enum key_type type,
                             const uint8_t key[static LS_KEY_LEN], int64_t revoked_at);
/* By the change's origin. node_id may be NULL. The detail is for people, and holds no secret. */
void state_direct_audit(struct direct_change *c, const char *action, const char *node_id,
                        const char *detail);
/* Waits for the commit: only for a store that answers at once. */
int state_direct_write(struct store *store, const struct store_op *ops, size_t count,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Makes all of it durable, with the bumped revision. */
int state_direct_commit(struct direct_change *c, struct ls_fail *fail) LS_MUST_CHECK;
/* After a commit was applied: shows the new revision and tells the watchers. */
void state_direct_publish(struct direct_change *c);

#endif
