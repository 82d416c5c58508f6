/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/steps.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wgconfig/wg_config.h"

static const struct {
	const char *verb;
	const char *object;
} words[] = {
        [PLAN_STEP_CLEAR] = {"remove", "interface"},
        [PLAN_STEP_CREATE] = {"create", "interface"},
        [PLAN_STEP_PEER_REMOVE] = {"remove", "peer"},
        [PLAN_STEP_PEER_CHANGE] = {"change", "peer"},
        [PLAN_STEP_PEER_ADD] = {"add", "peer"},
        [PLAN_STEP_ADDRESS_ADD] = {"add", "address"},
        [PLAN_STEP_MTU] = {"set", "mtu"},
        [PLAN_STEP_UP] = {"up", "interface"},
        [PLAN_STEP_ROUTE_ADD] = {"add", "route"},
        [PLAN_STEP_ROUTE_REMOVE] = {"remove", "route"},
        [PLAN_STEP_ADDRESS_REMOVE] = {"remove", "address"},
        [PLAN_STEP_HOSTS] = {"write", "names"},
};
_Static_assert(sizeof(words) / sizeof(words[0]) == PLAN_STEP_KINDS, "words");

const char *plan_step_verb(enum plan_step_kind kind)
{
	return words[kind].verb;
}

const char *plan_step_object(enum plan_step_kind kind)
{
	return words[kind].object;
}

int plan_steps_add(struct plan_steps *steps, const struct plan_step *step)
{
	void *items = steps->items;
	int r = ls_try_grow(&items, &steps->cap, steps->count + 1, sizeof(*steps->items));

	assert(step->kind < PLAN_STEP_KINDS);
	if (r < 0)
		return r;
	steps->items = items;
	steps->items[steps->count++] = *step;
	steps->counts[step->kind]++;
	return 0;
}

int plan_steps_leave_out(struct plan_steps *steps, enum plan_left_out_kind kind, const char *what,
                         const char *reason)
{
	void *items = steps->left_out;
	struct plan_left_out *at;
	int r = ls_try_grow(&items, &steps->left_out_cap, steps->left_out_count + 1,
	                    sizeof(*steps->left_out));

	if (r < 0)
		return r;
	steps->left_out = items;
	at = &steps->left_out[steps->left_out_count++];
	at->kind = kind;
	(void)snprintf(at->what, sizeof(at->what), "%s", what);
	(void)snprintf(at->reason, sizeof(at->reason), "%s", reason);
	return 0;
}

int plan_steps_order(struct plan_steps *steps)
{
	struct plan_step *ordered = ls_try_array(steps->count, sizeof(*ordered));
	size_t next[PLAN_STEP_KINDS] = {0};

	if (!ordered)
		return -ENOMEM;
	for (size_t kind = 1; kind < PLAN_STEP_KINDS; kind++)
		next[kind] = next[kind - 1] + steps->counts[kind - 1];
	for (size_t i = 0; i < steps->count; i++)
		ordered[next[steps->items[i].kind]++] = steps->items[i];
	free(steps->items);
	steps->items = ordered;
	steps->cap = steps->count;
	return 0;
}

void plan_steps_done(struct plan_steps *steps)
{
	free(steps->items);
	free(steps->left_out);
	*steps = (struct plan_steps){0};
}

const struct wg_public_key *plan_step_key(const struct plan_step *step)
{
	return step->wanted ? &step->wanted->public_key : &step->actual->public_key;
}

static void describe_route(const struct plan_route *route, struct ls_buf *out)
{
	char text[LS_PREFIX_TEXT];

	ls_buf_printf(out, "route %s table %u", ls_prefix_format(&route->prefix, text),
	              route->table);
	if (route->metric)
		ls_buf_printf(out, " metric %u", route->metric);
}

static void describe_peer(const struct plan_step *step, struct ls_buf *out)
{
	char key[LS_KEY_SHORT_TEXT], text[LS_PREFIX_TEXT];

	ls_buf_printf(out, "peer %s", key_short(plan_step_key(step)->b, key));
	if (!step->wanted)
		return;
	ls_buf_printf(out, " (%s), allowed IPs ", step->wanted->name);
	for (size_t i = 0; i < step->wanted->allowed_ip_count; i++)
		ls_buf_printf(out, "%s%s", i ? ", " : "",
		              ls_prefix_format(&step->wanted->allowed_ips[i], text));
}

void plan_step_describe(const struct plan_step *step, struct ls_buf *out)
{
	char text[LS_PREFIX_TEXT];

	switch (step->kind) {
	case PLAN_STEP_CLEAR:
		ls_buf_puts(out, "remove the interface that a crashed run left");
		return;
	case PLAN_STEP_CREATE:
		ls_buf_puts(out, "create the interface");
		return;
	case PLAN_STEP_MTU:
		ls_buf_printf(out, "set MTU %u", step->mtu);
		return;
	case PLAN_STEP_UP:
		ls_buf_puts(out, "bring the interface up");
		return;
	case PLAN_STEP_HOSTS:
		ls_buf_printf(out, "write the names of %zu nodes into %s", step->plan->host_count,
		              step->path);
		return;
	case PLAN_STEP_PEER_REMOVE:
	case PLAN_STEP_PEER_CHANGE:
	case PLAN_STEP_PEER_ADD:
		ls_buf_printf(out, "%s ", plan_step_verb(step->kind));
		describe_peer(step, out);
		return;
	case PLAN_STEP_ADDRESS_ADD:
	case PLAN_STEP_ADDRESS_REMOVE:
		ls_buf_printf(out, "%s address %s", plan_step_verb(step->kind),
		              ls_prefix_format(step->address, text));
		return;
	case PLAN_STEP_ROUTE_ADD:
	case PLAN_STEP_ROUTE_REMOVE:
		ls_buf_printf(out, "%s ", plan_step_verb(step->kind));
		describe_route(step->route, out);
		return;
	case PLAN_STEP_KINDS:
		return;
	}
}
