/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/direct.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "server/state/deadline.h"
#include "server/state/watcher.h"

void state_direct_begin(struct direct_change *c, struct server_state *state,
                        struct network *network, const struct origin *origin)
{
	*c = (struct direct_change){.state = state, .network = network, .origin = *origin};
	c->arena = ls_arena_new(DIRECT_ARENA_MAX);
}

void state_direct_done(struct direct_change *c)
{
	ls_arena_free(c->arena);
	c->arena = NULL;
	state_deadline_tell(c->state);
}

void state_direct_add(struct direct_change *c, const struct store_op *op)
{
	if (c->count == DIRECT_OPS_MAX) {
		c->failed = true;
		return;
	}
	c->ops[c->count++] = *op;
}

void state_direct_put_node(struct direct_change *c, const struct node_record *record)
{
	state_direct_add(c, &(struct store_op){.kind = STORE_NODE_PUT, .node = record});
}

void state_direct_put_token(struct direct_change *c, const struct token_record *record)
{
	state_direct_add(c, &(struct store_op){.kind = STORE_TOKEN_PUT, .token = record});
}

static struct key_record key_of(enum key_type type, const uint8_t key[static LS_KEY_LEN])
{
	struct key_record record = {.key_type = type};

	memcpy(record.public_key, key, LS_KEY_LEN);
	return record;
}

void state_direct_add_key(struct direct_change *c, const char *node_id, enum key_type type,
                          const uint8_t key[static LS_KEY_LEN])
{
	struct store_op op = {.kind = STORE_KEY_ADD, .id = node_id, .key = key_of(type, key)};

	op.key.created_at = c->origin.now;
	state_direct_add(c, &op);
}

void state_direct_revoke_key(struct direct_change *c, const char *node_id, enum key_type type,
                             const uint8_t key[static LS_KEY_LEN], int64_t revoked_at)
{
	state_direct_add(c, &(struct store_op){.kind = STORE_KEY_REVOKE,
	                                       .id = node_id,
	                                       .time = revoked_at,
	                                       .key = key_of(type, key)});
}

static const char *source_text(struct direct_change *c)
{
	const struct ls_ip *source = &c->origin.source;
	char *text = NULL;

	if (source->family == LS_FAMILY_NONE)
		return NULL;
	text = ls_arena_alloc(c->arena, 1, LS_IP_TEXT);
	if (!text) {
		c->failed = true;
		return NULL;
	}
	return ls_ip_format(source, text);
}

void state_direct_audit(struct direct_change *c, const char *action, const char *node_id,
                        const char *detail)
{
	struct audit_entry *entry = ls_arena_alloc(c->arena, 1, sizeof(*entry));
	char *id = ls_arena_alloc(c->arena, 1, UUID_TEXT);

	if (!entry || !id) {
		c->failed = true;
		return;
	}
	state_uuid_generate(id);
	*entry = (struct audit_entry){.id = id,
	                              .timestamp = c->origin.now,
	                              .network_id = c->network->id,
	                              .node_id = node_id,
	                              .action = action,
	                              .detail = ls_arena_strdup(c->arena, detail),
	                              .actor = state_actor_name(c->origin.actor.kind),
	                              .actor_id = c->origin.actor.id,
	                              .source = source_text(c)};
	c->failed = c->failed || !entry->detail;
	state_direct_add(c, &(struct store_op){.kind = STORE_AUDIT_ADD, .audit = entry});
}

/* How a commit ended. */
struct commit_end {
	bool came;
	int result;
	struct ls_fail *fail;
};

static void on_done(void *arg, int result, const struct ls_fail *fail)
{
	struct commit_end *end = arg;

	end->came = true;
	end->result = result;
	if (result < 0)
		*end->fail = *fail;
}

int state_direct_write(struct store *store, const struct store_op *ops, size_t count,
                       struct ls_fail *fail)
{
	struct commit_end end = {.fail = fail};
	struct store_commit commit = {.ops = ops, .count = count, .done = on_done, .arg = &end};

	store->ops->commit(store, &commit);
	assert(end.came);
	return end.result;
}

int state_direct_commit(struct direct_change *c, struct ls_fail *fail)
{
	if (c->bumps)
		state_direct_add(c, &(struct store_op){.kind = STORE_REVISION,
		                                       .id = c->network->id,
		                                       .number = c->network->record->revision + 1});
	if (c->failed)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return state_direct_write(c->state->store, c->ops, c->count, fail);
}

void state_direct_publish(struct direct_change *c)
{
	if (!c->bumps)
		return;
	c->network->record->revision++;
	state_tell_network_changed(c->state, c->network);
}
