/* SPDX-License-Identifier: Apache-2.0 */
/* One change on its way: checked, written, applied, told.
 *
 * Changes of one network stand in line (state.h says what that means to clients). The first of the
 * line is checked against memory and handed to the store; when it has come back, it is applied and
 * its completion called; then the next one has its turn. So from the check to the end nothing else
 * changes the network, its nodes and its tokens, and what a check has found is true when the change
 * is applied. Objects are found by id when the turn comes: they may have been deleted in the
 * meantime. */
#ifndef LS_SERVER_STATE_CHANGE_H
#define LS_SERVER_STATE_CHANGE_H

#include "server/state/memory.h"
#include "server/state/objects.h"
#include "server/state/origin.h"
#include "server/state/outcome.h"
#include "server/store/store.h"

enum {
	CHANGE_OPS_MAX = 16,
	CHANGE_ARENA_MAX = 1 << 16,
	CHANGE_RECLAIMS_MAX = 3,
	CHANGE_NOTHING = 1, /* a check's answer: all is as it is asked for */
};

struct change;

struct change_kind {
	/* Checks what is asked for against memory, which it leaves as it is, and adds what is to be
	 * written. 0, CHANGE_NOTHING, or a negative code with `fail` filled. */
	int (*check)(struct change *c, struct ls_fail *fail);
	/* The change is durable: does to memory what was written. It cannot fail. NULL: there is
	 * nothing but the revision. */
	void (*apply)(struct change *c);
};

struct change {
	const struct change_kind *kind;
	struct server_state *state;
	struct change_line *line;
	struct ls_list link; /* in the line */
	bool written;        /* handed to the store */
	struct state_completion then;
	struct origin origin; /* the actor's id is the change's own */
	const void *request;  /* the caller's, until the end */
	/* Whom it is about; "": nobody. */
	char network_id[LIMIT_ID_LEN + 1];
	char node_id[LIMIT_ID_LEN + 1];
	char token_id[PUBLIC_ID_TEXT];
	/* The same as objects, from the turn of the change on. */
	struct network *network;
	struct node *node;
	struct token *token;
	/* Records that apply() puts in place. The change frees those that are still here. */
	struct network_record *network_record;
	struct node_record *node_record;
	struct token_record *token_record;
	struct network *new_network; /* not in memory yet */
	struct ls_arena *policy_arena;
	struct acl_policy policy;
	/* Nodes that make room for a new one. */
	struct node *reclaims[CHANGE_RECLAIMS_MAX];
	size_t reclaim_count;
	struct state_secrets secrets;
	/* What is written. */
	struct store_commit commit;
	struct store_op ops[CHANGE_OPS_MAX];
	size_t count;
	struct ls_arena *arena; /* of the texts in ops */
	bool bumps;             /* the network's revision */
	bool failed;            /* memory is gone */
};

/* A change of this network; of the set of networks when it is NULL. */
struct change *state_change_new(struct server_state *state, const struct change_kind *kind,
                                const struct network *network, const struct origin *origin,
                                struct state_completion then);
void state_change_of_node(struct change *c, struct node *node);
void state_change_of_token(struct change *c, const struct token *token);

/* Puts the change in line and gives it away. 0: its completion is or will be called, exactly once.
 * Negative: the line was empty, and the check has refused the change, which is gone. */
int state_change_begin(struct change *c, struct ls_fail *fail) LS_MUST_CHECK;

/* For checks: what is to be written. The records are the change's; texts are copied. */
void state_change_add(struct change *c, const struct store_op *op);
void state_change_put_network(struct change *c, struct network_record *record);
void state_change_put_node(struct change *c, struct node_record *record);
void state_change_put_token(struct change *c, struct token_record *record);
void state_change_add_key(struct change *c, const char *node_id, enum key_type type,
                          const uint8_t key[static LS_KEY_LEN]);
/* revoked_at 0: valid again */
void state_change_revoke_key(struct change *c, const char *node_id, enum key_type type,
                             const uint8_t key[static LS_KEY_LEN], int64_t revoked_at);
/* node_id may be NULL. The action is a literal. The detail is for people, and holds no secret. */
void state_change_audit(struct change *c, const struct origin *origin, const char *action,
                        const char *node_id, const char *detail);

#endif
