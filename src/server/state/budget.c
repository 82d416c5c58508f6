/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/budget.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/state/bucket.h"
#include "server/state/memory.h"
#include "server/state/objects.h"

enum {
	SLOTS = 4096,
};

struct budgets {
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct state_bucket slots[SLOTS];
};

static const struct state_rate of_source = {BUDGET_SOURCE_BURST, BUDGET_SOURCE_EVERY_S};
static const struct state_rate of_network = {BUDGET_NETWORK_BURST, BUDGET_NETWORK_EVERY_S};
static const struct state_rate of_rotation = {BUDGET_ROTATE_BURST, BUDGET_ROTATE_EVERY_S};

struct budgets *state_budgets_new(void)
{
	struct budgets *budgets = ls_new(struct budgets);

	crypto_shorthash_keygen(budgets->key);
	return budgets;
}

void state_budgets_free(struct budgets *budgets)
{
	free(budgets);
}

static struct state_bucket *bucket_of(const struct change *c)
{
	struct budgets *budgets = c->state->budgets;
	struct ls_ip source = ls_ip_source(&c->origin.source);
	unsigned char in[1 + sizeof(source.b)] = {(unsigned char)source.family};
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t hash;

	memcpy(in + 1, source.b, sizeof(source.b));
	(void)crypto_shorthash(out, in, sizeof(in), budgets->key);
	memcpy(&hash, out, sizeof(hash));
	return &budgets->slots[hash % SLOTS];
}

static int refuse(unsigned wait_s, const char *what, struct ls_fail *fail)
{
	(void)ls_fail_set(fail, LS_ERROR_TOO_MANY, "too many %s; try again in %u s", what, wait_s);
	fail->retry_s = wait_s;
	return LS_ERROR_TOO_MANY;
}

int state_budget_check_join(const struct change *c, struct ls_fail *fail)
{
	uint64_t now_ns = c->origin.now_ns;
	unsigned wait_s = state_bucket_wait_s(bucket_of(c), of_source, now_ns);

	if (wait_s > 0)
		return refuse(wait_s, "requests to join from this address", fail);
	wait_s = state_bucket_wait_s(&c->network->joins, of_network, now_ns);
	if (wait_s > 0)
		return refuse(wait_s, "requests to join this network", fail);
	return 0;
}

int state_budget_check_rotate(const struct change *c, struct ls_fail *fail)
{
	unsigned wait_s;

	if (c->origin.actor.kind == ACTOR_ADMIN)
		return 0;
	wait_s = state_bucket_wait_s(&c->node->rotations, of_rotation, c->origin.now_ns);
	return wait_s > 0 ? refuse(wait_s, "key rotations of this node", fail) : 0;
}

void state_budget_take_join(struct change *c)
{
	state_bucket_take(bucket_of(c), of_source, c->origin.now_ns);
	state_bucket_take(&c->network->joins, of_network, c->origin.now_ns);
}

void state_budget_take_rotate(struct change *c)
{
	if (c->origin.actor.kind != ACTOR_ADMIN)
		state_bucket_take(&c->node->rotations, of_rotation, c->origin.now_ns);
}

void state_budget_trim_strangers(struct change *c)
{
	state_change_add(c, &(struct store_op){.kind = STORE_TRIM_STRANGERS,
	                                       .id = c->network->id,
	                                       .number = BUDGET_STRANGER_ENTRIES});
}

void state_budget_trim_node(struct change *c, const char *node_id)
{
	state_change_add(c, &(struct store_op){.kind = STORE_TRIM_ROTATIONS,
	                                       .id = node_id,
	                                       .number = BUDGET_OWN_ENTRIES});
	state_change_add(c, &(struct store_op){.kind = STORE_TRIM_KEYS,
	                                       .id = node_id,
	                                       .number = BUDGET_OLD_KEYS});
}
