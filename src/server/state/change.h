/* SPDX-License-Identifier: Apache-2.0 */
/* One change of the state: it is checked, written, applied and announced.
 *
 * Changes of one network wait in a line (state.h says what that means for clients). The first
 * change of the line is checked against memory and given to the store. When the store has written
 * it, it is applied and its completion is called; then the next change has its turn. So nothing
 * else changes the network, its nodes and its tokens from the check to the end, and what the check
 * found is still true when the change is applied. A change finds its objects by id at its turn,
 * since they may have been deleted while it waited. */
#ifndef LS_SERVER_STATE_CHANGE_H
#define LS_SERVER_STATE_CHANGE_H

#include "server/state/memory.h"
#include "server/state/objects.h"
#include "server/state/origin.h"
#include "server/state/outcome.h"
#include "server/store/store.h"
#include <jansson.h>

enum {
	CHANGE_OPS_MAX = 16,
	CHANGE_ARENA_MAX = 1 << 16,
	CHANGE_RECLAIMS_MAX = 6,
	CHANGE_NOTHING = 1, /* result of a check: nothing has to change */
	/* Changes that may wait: of one network, and of all. */
	CHANGE_LINE_MAX = 1024,
	CHANGE_LINES_MAX = 4096,
};

struct change;

struct change_kind {
	/* Checks the request against memory and adds the operations to write. It must not change
	 * memory. 0, CHANGE_NOTHING, or a negative code with `fail` filled. */
	int (*check)(struct change *c, struct ls_fail *fail);
	/* Called when the change is durable: changes memory as the store was changed. It cannot
	 * fail. NULL: only the revision changes. */
	void (*apply)(struct change *c);
};

struct change {
	const struct change_kind *kind;
	struct server_state *state;
	struct change_line *line;
	struct ls_list link; /* in the line */
	bool written;        /* it was given to the store */
	struct state_completion then;
	struct origin origin; /* its actor's id is a copy in `arena` */
	const void *request;  /* borrowed from the caller until the end */
	/* The objects that it is about, by id; "": none. */
	char network_id[LIMIT_ID_LEN + 1];
	char node_id[LIMIT_ID_LEN + 1];
	char token_id[PUBLIC_ID_TEXT];
	/* The same objects; set when the change has its turn. */
	struct network *network;
	struct node *node;
	struct token *token;
	/* Records that apply() moves into the objects. The change frees those that are left. */
	struct network_record *network_record;
	struct node_record *node_record;
	struct token_record *token_record;
	struct network *new_network; /* not in the look-up tables yet */
	struct ls_arena *policy_arena;
	struct acl_policy policy;
	/* Nodes that are deleted to make room for a new one. */
	struct node *reclaims[CHANGE_RECLAIMS_MAX];
	size_t reclaim_count;
	struct state_secrets secrets;
	/* What the store writes. */
	struct store_commit commit;
	struct store_op ops[CHANGE_OPS_MAX];
	size_t count;
	struct ls_arena *arena; /* holds the texts in ops */
	bool bumps;             /* it increases the network's revision */
	bool gathers;           /* clients may see that revision later (gather.h) */
	bool failed;            /* out of memory, or too many operations */
};

/* Makes a change of this network. NULL: the change creates a network. */
struct change *state_change_new(struct server_state *state, const struct change_kind *kind,
                                const struct network *network, const struct origin *origin,
                                struct state_completion then);
void state_change_of_node(struct change *c, struct node *node);
void state_change_of_token(struct change *c, const struct token *token);

/* Puts the change in its line, which owns it from here on. 0: its completion was or will be called,
 * exactly once, unless it is withdrawn. Negative: too many changes wait (-EBUSY), or the line was
 * empty and the check refused the change; it is freed. */
int state_change_begin(struct change *c, struct ls_fail *fail) LS_MUST_CHECK;

/* For checks: these add what the store will write. The change takes ownership of the records, and
 * copies ids. state_change_add fails, as an out-of-memory error of the change, after CHANGE_OPS_MAX
 * operations; a record may be NULL, with the same effect. */
void state_change_add(struct change *c, const struct store_op *op);
void state_change_put_network(struct change *c, struct network_record *record);
void state_change_put_node(struct change *c, struct node_record *record);
void state_change_put_token(struct change *c, struct token_record *record);
void state_change_add_key(struct change *c, const char *node_id, enum key_type type,
                          const uint8_t key[static LS_KEY_LEN]);
/* revoked_at 0: the key is valid again. */
void state_change_revoke_key(struct change *c, const char *node_id, enum key_type type,
                             const uint8_t key[static LS_KEY_LEN], int64_t revoked_at);
/* node_id may be NULL. `action` is a string literal. `detail` is an object without secrets, with
 * the members that v1 has for the action and ours beside them; the change takes it over. NULL: out
 * of memory. */
void state_change_audit(struct change *c, const struct origin *origin, const char *action,
                        const char *node_id, json_t *detail);
/* The entry for a node that the change deletes. */
void state_node_audit_delete(struct change *c, const struct origin *origin,
                             const struct node *node);
/* For details; NULL when out of memory. */
json_t *state_detail_strings(struct string_list list);
json_t *state_detail_key(const uint8_t key[static LS_KEY_LEN]);
json_t *state_detail_address(const struct ls_ip *ip);

#endif
