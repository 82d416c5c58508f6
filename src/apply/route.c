/* SPDX-License-Identifier: Apache-2.0 */
/* Our routes over the interface, which have the mark RTNL_PROTOCOL. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apply/kind.h"
#include "base/cleanup.h"
#include "base/mem.h"

static bool is_ours(const struct apply_context *ctx, const struct rtnl_route *route)
{
	return ctx->link != 0 && route->link == ctx->link && route->protocol == RTNL_PROTOCOL;
}

/* Removing what a crashed run left removes the routes over its interface, too. */
static bool goes_with_leftover(const struct apply_actual *actual, const struct rtnl_route *route)
{
	return actual->leftover_link != 0 && route->link == actual->leftover_link;
}

/* Reads the routes. A dry run reads all routes, to tell which of the plan's are taken. A real run
 * just tries to add them, and reads only the interface's routes: a router of the Internet has a
 * million. */
static int read_routes(struct apply_context *ctx, struct apply_actual *actual, struct ls_fail *fail)
{
	bool dry = !ctx->options.ops;
	struct rtnl_route_list list;
	int r;

	if (!actual->exists && !dry)
		return 0;
	r = rtnl_route_list(ctx->options.rtnl, dry ? 0 : ctx->link, &list, fail);
	if (r < 0)
		return r;
	actual->routes = ls_try_array(list.count, sizeof(*actual->routes));
	actual->foreign_routes = ls_try_array(dry ? list.count : 0, sizeof(*actual->routes));
	for (size_t i = 0; actual->routes && actual->foreign_routes && i < list.count; i++) {
		const struct rtnl_route *at = &list.items[i];
		const struct plan_route route = {
		        .prefix = at->prefix, .table = at->table, .metric = at->metric};

		if (is_ours(ctx, at))
			actual->routes[actual->route_count++] = route;
		else if (dry && !goes_with_leftover(actual, at))
			actual->foreign_routes[actual->foreign_route_count++] = route;
	}
	rtnl_route_list_done(&list);
	if (!actual->routes || !actual->foreign_routes)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return 0;
}

/* Compares what identifies a route to the kernel: prefix, table and metric. */
static int compare(const struct plan_route *a, const struct plan_route *b)
{
	int order = ls_ip_compare(&a->prefix.ip, &b->prefix.ip);

	if (order == 0)
		order = a->prefix.bits - b->prefix.bits;
	if (order == 0)
		order = (a->table > b->table) - (a->table < b->table);
	if (order == 0)
		order = (a->metric > b->metric) - (a->metric < b->metric);
	return order;
}

static int compare_pointers(const void *a, const void *b)
{
	return compare(*(const struct plan_route *const *)a, *(const struct plan_route *const *)b);
}

/* Routes sorted with compare(). */
struct route_index {
	const struct plan_route **items; /* malloced */
	size_t count;
};

static void free_index(struct route_index *index)
{
	free(index->items);
}

static int make_index(const struct plan_route *routes, size_t count, struct route_index *ret)
{
	ret->items = ls_try_array(count, sizeof(const struct plan_route *));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ret->items[i] = &routes[i];
	ret->count = count;
	qsort(ret->items, count, sizeof(const struct plan_route *), compare_pointers);
	return 0;
}

static bool index_has(const struct route_index *index, const struct plan_route *route)
{
	return bsearch(&route, index->items, index->count, sizeof(const struct plan_route *),
	               compare_pointers) != NULL;
}

static int leave_out(struct plan_steps *steps, const struct plan_route *route)
{
	const struct plan_step step = {.kind = PLAN_STEP_ROUTE_ADD, .route = route};
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};

	plan_step_describe(&step, &text);
	if (!ls_buf_text(&text))
		return -ENOMEM;
	return plan_steps_leave_out(steps, PLAN_LEFT_OUT_ROUTE,
	                            ls_buf_text(&text) + sizeof("add ") - 1,
	                            "this host has another route in its place");
}

static int diff_routes(const struct apply_context *ctx, const struct apply_actual *actual,
                       const struct plan *plan, struct plan_steps *steps)
{
	struct route_index have LS_CLEANUP(free_index) = {0};
	struct route_index want LS_CLEANUP(free_index) = {0};
	struct route_index taken LS_CLEANUP(free_index) = {0};

	(void)ctx;
	if (make_index(actual->routes, actual->route_count, &have) < 0 ||
	    make_index(plan->routes, plan->route_count, &want) < 0 ||
	    make_index(actual->foreign_routes, actual->foreign_route_count, &taken) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < want.count; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ROUTE_ADD, .route = want.items[i]};
		bool v6 = step.route->prefix.ip.family == LS_FAMILY_V6;
		int r;

		if ((v6 && actual->ipv6_off) || index_has(&have, step.route))
			continue;
		if (index_has(&taken, step.route))
			r = leave_out(steps, step.route);
		else
			r = plan_steps_add(steps, &step);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < have.count; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ROUTE_REMOVE, .route = have.items[i]};

		if (!index_has(&want, step.route) && plan_steps_add(steps, &step) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int remove_route(const struct apply_context *ctx, const struct plan_route *at,
                        struct ls_fail *fail)
{
	const struct rtnl_route route = {
	        .prefix = at->prefix, .table = at->table, .metric = at->metric, .link = ctx->link};
	int r = rtnl_route_delete(ctx->options.rtnl, &route, fail);

	return r == -ESRCH ? 0 : r;
}

static int add_route(const struct apply_context *ctx, const struct plan_route *at,
                     struct ls_fail *fail)
{
	const struct rtnl_route route = {
	        .prefix = at->prefix, .table = at->table, .metric = at->metric, .link = ctx->link};

	return rtnl_route_add(ctx->options.rtnl, &route, fail);
}

static int act_routes(struct apply_context *ctx, const struct plan_step *steps, size_t count,
                      struct apply_report *report, struct ls_fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		struct ls_fail why = {0};
		int r;

		if (steps[i].kind == PLAN_STEP_ROUTE_REMOVE)
			r = remove_route(ctx, steps[i].route, &why);
		else
			r = add_route(ctx, steps[i].route, &why);
		if (r == -EEXIST) {
			if (report->route_conflicts++ == 0)
				report->conflict = why;
			continue;
		}
		if (r < 0)
			return ls_fail_set(fail, r, "%s", why.text);
		apply_note_done(ctx, &steps[i], report);
	}
	return 0;
}

static int undo_routes(struct apply_context *ctx, struct ls_fail *fail)
{
	struct apply_actual actual = {0};
	int r = apply_link.read(ctx, &actual, fail);

	if (r == 0)
		r = read_routes(ctx, &actual, fail);
	for (size_t i = 0; i < actual.route_count && r == 0; i++)
		r = remove_route(ctx, &actual.routes[i], fail);
	apply_actual_done(&actual);
	return r;
}

const struct apply_kind apply_route = {
        .name = "route",
        .steps = APPLY_STEP(PLAN_STEP_ROUTE_ADD) | APPLY_STEP(PLAN_STEP_ROUTE_REMOVE),
        .read = read_routes,
        .diff = diff_routes,
        .act = act_routes,
        .undo = undo_routes,
};
