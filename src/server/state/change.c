/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/change.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "server/state/deadline.h"
#include "server/state/gather.h"
#include "server/state/index.h"
#include "server/state/ticket.h"
#include "json/json.h"

/* The changes of one network, in the order in which they were begun. A line exists only while it
 * has changes. The line with the id "" is for changes that create networks. */
struct change_line {
	char id[LIMIT_ID_LEN + 1];
	struct ls_list changes;
	size_t count;
	bool running; /* a function up the stack gives the changes their turns */
};

static struct change_line *line_of(struct server_state *state, const char *id)
{
	struct change_line *line = ls_map_get(state->lines, id, strlen(id));

	if (line)
		return line;
	line = ls_new(struct change_line);
	(void)snprintf(line->id, sizeof(line->id), "%s", id);
	ls_list_init(&line->changes);
	state_map_must_add(state->lines, line->id, strlen(line->id), line);
	return line;
}

static struct change *first_of(const struct change_line *line)
{
	return ls_list_empty(&line->changes)
	               ? NULL
	               : LS_CONTAINER(line->changes.next, struct change, link);
}

static void line_release(struct server_state *state, struct change_line *line)
{
	if (!ls_list_empty(&line->changes))
		return;
	(void)ls_map_remove(state->lines, line->id, strlen(line->id));
	free(line);
}

static char *copy_text(struct change *c, const char *s)
{
	char *copy = s ? ls_arena_strdup(c->arena, s) : NULL;

	c->failed = c->failed || (s && !copy);
	return copy;
}

struct change *state_change_new(struct server_state *state, const struct change_kind *kind,
                                const struct network *network, const struct origin *origin,
                                struct state_completion then)
{
	struct change *c = ls_new(struct change);

	c->kind = kind;
	c->state = state;
	ls_list_init(&c->link);
	c->then = then;
	c->arena = ls_arena_new(CHANGE_ARENA_MAX);
	c->origin = *origin;
	c->origin.actor.id = copy_text(c, origin->actor.id);
	if (network)
		memcpy(c->network_id, network->id, sizeof(c->network_id));
	return c;
}

void state_change_of_node(struct change *c, struct node *node)
{
	memcpy(c->node_id, node->id, sizeof(c->node_id));
	node->changes++;
}

void state_change_of_token(struct change *c, const struct token *token)
{
	memcpy(c->token_id, token->id, sizeof(c->token_id));
}

static void change_free(struct change *c)
{
	struct node *node = ls_map_get(c->state->nodes, c->node_id, strlen(c->node_id));

	if (node)
		node->changes--;
	free(c->network_record);
	free(c->node_record);
	free(c->token_record);
	if (c->new_network)
		state_network_free(c->new_network);
	ls_arena_free(c->policy_arena);
	ls_arena_free(c->arena);
	state_secret_wipe(&c->secrets, sizeof(c->secrets));
	free(c);
}

/* Takes the change out of its line and frees it. */
static void leave_line(struct change *c)
{
	if (c->then.ticket)
		c->then.ticket->change = NULL;
	ls_list_remove(&c->link);
	c->line->count--;
	c->state->change_count--;
	change_free(c);
}

/* Ends the change. It leaves the line only after its completion was called, so that a change which
 * the completion begins waits behind it. */
static void finish(struct change *c, int code, const struct ls_fail *fail)
{
	const struct state_outcome outcome = {.code = code,
	                                      .fail = fail,
	                                      .network = c->new_network ? NULL : c->network,
	                                      .node = c->node,
	                                      .token = c->token,
	                                      .secrets = &c->secrets};
	struct server_state *state = c->state;

	if (c->then.ticket)
		c->then.ticket->change = NULL;
	c->then.ticket = NULL; /* the completion may free it */
	c->then.done(c->then.arg, &outcome);
	leave_line(c);
	state_deadline_tell(state);
}

/* A change without a new revision can make a node active, because it is the first one to look at
 * the node at a new time: then a new revision is due. */
static void publish(struct change *c)
{
	if (!c->bumps) {
		if (c->network && c->network->active_unwritten)
			state_expiry_note(c->state, c->network, c->state->now);
		return;
	}
	c->network->record->revision++;
	/* Who is active is never gathered. */
	if (c->gathers && !c->network->active_unwritten)
		state_gather_add(c->state, c->network, c->node, c->origin.now_ns);
	else
		state_gather_show(c->state, c->network);
	c->network->active_unwritten = false;
}

static int find_objects(struct change *c, struct ls_fail *fail)
{
	const struct server_state *state = c->state;

	c->network = ls_map_get(state->networks, c->network_id, strlen(c->network_id));
	c->node = ls_map_get(state->nodes, c->node_id, strlen(c->node_id));
	c->token = ls_map_get(state->token_ids, c->token_id, strlen(c->token_id));
	if (!c->network && c->network_id[0] != '\0')
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown network");
	if (!c->node && c->node_id[0] != '\0')
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown node");
	if (!c->token && c->token_id[0] != '\0')
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown enrolment token");
	return 0;
}

static int check(struct change *c, struct ls_fail *fail)
{
	int r;

	if (c->state->closing)
		return ls_fail_set(fail, -ECANCELED, "the server is stopping");
	r = find_objects(c, fail);
	if (r < 0)
		return r;
	r = c->kind->check(c, fail);
	if (r != 0)
		return r;
	if (c->bumps)
		state_change_add(c, &(struct store_op){.kind = STORE_REVISION,
		                                       .id = c->network->id,
		                                       .number = c->network->record->revision + 1});
	return c->failed ? ls_fail_set(fail, -ENOMEM, "out of memory") : 0;
}

/* Called when the store has written the change, or failed; then the next change has its turn. */
static void on_written(void *arg, int result, const struct ls_fail *fail);

/* Gives the change its turn. When this returns 0, the change may have ended and be freed. */
static int take_turn(struct change *c, struct ls_fail *fail)
{
	int r = check(c, fail);

	if (r < 0)
		return r;
	if (r == CHANGE_NOTHING) {
		finish(c, 0, NULL);
		return 0;
	}
	c->written = true;
	c->commit = (struct store_commit){
	        .job = {.done = on_written, .arg = c}, .ops = c->ops, .count = c->count};
	c->state->store->ops->commit(c->state->store, &c->commit);
	return 0;
}

/* Gives the changes of the line their turns, up to the first one that the store has not finished.
 * A store may call back at once, and a completion may begin another change; `running` keeps both
 * from recursing into this function. */
static void run(struct server_state *state, struct change_line *line)
{
	struct change *c;
	struct ls_fail fail;

	if (line->running)
		return;
	line->running = true;
	while ((c = first_of(line)) && !c->written) {
		int r = take_turn(c, &fail);

		if (r < 0)
			finish(c, r, &fail);
	}
	line->running = false;
	line_release(state, line);
}

static void on_written(void *arg, int result, const struct ls_fail *fail)
{
	struct change *c = arg;
	struct server_state *state = c->state;
	struct change_line *line = c->line;

	if (result == 0) {
		if (c->kind->apply)
			c->kind->apply(c);
		publish(c);
	}
	finish(c, result, fail);
	run(state, line);
}

int state_change_begin(struct change *c, struct ls_fail *fail)
{
	struct server_state *state = c->state;
	struct change_line *line = line_of(state, c->network_id);
	bool waits = !ls_list_empty(&line->changes);
	int r;

	if (line->count >= CHANGE_LINE_MAX || state->change_count >= CHANGE_LINES_MAX) {
		change_free(c);
		line_release(state, line);
		return ls_fail_set(fail, -EBUSY, "too many changes wait to be stored");
	}
	c->line = line;
	ls_list_append(&line->changes, &c->link);
	line->count++;
	state->change_count++;
	if (c->then.ticket)
		c->then.ticket->change = c;
	if (waits)
		return 0;
	line->running = true;
	r = take_turn(c, fail);
	if (r < 0)
		leave_line(c);
	line->running = false;
	run(state, line);
	return r;
}

bool state_withdraw(struct server_state *state, struct state_ticket *ticket)
{
	struct change *c = ticket->change;
	struct change_line *line;

	if (!c)
		return false;
	line = c->line;
	if (c->written && !state->store->ops->withdraw(state->store, &c->commit.job))
		return false;
	leave_line(c);
	run(state, line);
	return true;
}

size_t state_change_count(const struct server_state *state)
{
	return state->change_count;
}

void state_change_add(struct change *c, const struct store_op *op)
{
	assert(c->count < CHANGE_OPS_MAX);
	c->ops[c->count] = *op;
	c->ops[c->count++].id = copy_text(c, op->id);
}

void state_change_put_network(struct change *c, struct network_record *record)
{
	c->failed = c->failed || !record;
	c->network_record = record;
	state_change_add(c, &(struct store_op){.kind = STORE_NETWORK_PUT, .network = record});
}

void state_change_put_node(struct change *c, struct node_record *record)
{
	c->failed = c->failed || !record;
	c->node_record = record;
	state_change_add(c, &(struct store_op){.kind = STORE_NODE_PUT, .node = record});
}

void state_change_put_token(struct change *c, struct token_record *record)
{
	c->failed = c->failed || !record;
	c->token_record = record;
	state_change_add(c, &(struct store_op){.kind = STORE_TOKEN_PUT, .token = record});
}

static struct key_record key_of(enum key_type type, const uint8_t key[static LS_KEY_LEN])
{
	struct key_record record = {.key_type = type};

	memcpy(record.public_key, key, LS_KEY_LEN);
	return record;
}

void state_change_add_key(struct change *c, const char *node_id, enum key_type type,
                          const uint8_t key[static LS_KEY_LEN])
{
	struct store_op op = {.kind = STORE_KEY_ADD, .id = node_id, .key = key_of(type, key)};

	op.key.created_at = c->origin.now;
	state_change_add(c, &op);
}

void state_change_revoke_key(struct change *c, const char *node_id, enum key_type type,
                             const uint8_t key[static LS_KEY_LEN], int64_t revoked_at)
{
	state_change_add(c, &(struct store_op){.kind = STORE_KEY_REVOKE,
	                                       .id = node_id,
	                                       .time = revoked_at,
	                                       .key = key_of(type, key)});
}

void state_change_audit(struct change *c, const struct origin *origin, const char *action,
                        const char *node_id, json_t *detail)
{
	LS_FREE char *text = detail ? json_text(detail, NULL) : NULL;
	struct audit_entry *entry = ls_arena_alloc(c->arena, 1, sizeof(*entry));
	char id[UUID_TEXT], source[LS_IP_TEXT];
	bool has_source = origin->source.family != LS_FAMILY_NONE;

	json_decref(detail);
	if (!entry || !text) {
		c->failed = true;
		return;
	}
	state_uuid_generate(id);
	*entry = (struct audit_entry){
	        .id = copy_text(c, id),
	        .timestamp = origin->now,
	        .network_id = copy_text(c, c->network->id),
	        .node_id = copy_text(c, node_id),
	        .action = action,
	        .detail = copy_text(c, text),
	        .actor = state_actor_name(origin->actor.kind),
	        .actor_id = copy_text(c, origin->actor.id),
	        .source = has_source ? copy_text(c, ls_ip_format(&origin->source, source)) : NULL};
	state_change_add(c, &(struct store_op){.kind = STORE_AUDIT_ADD, .audit = entry});
}

json_t *state_detail_strings(struct string_list list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list.count; i++) {
		if (!json_append(array, json_string(list.items[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *state_detail_key(const uint8_t key[static LS_KEY_LEN])
{
	char text[LS_KEY_TEXT];

	return json_string(key_encode(key, text));
}

json_t *state_detail_address(const struct ls_ip *ip)
{
	char text[LS_IP_TEXT];

	return json_string(ls_ip_format(ip, text));
}
