/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/executor.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "apply/kind.h"
#include "base/log.h"
#include "base/mem.h"
#include "netlink/socket.h"

/* The kinds are read from first to last, and undone from last to first. */
static const struct apply_kind *const kinds[] = {
        &apply_link, &apply_peers, &apply_address, &apply_route, &apply_hosts,
};

enum {
	KINDS = sizeof(kinds) / sizeof(kinds[0]),
};

struct apply_executor {
	struct apply_context ctx;
	struct apply_actual actual; /* what the last read found; steps point into it */
	char *interface;
	char *profile;
	char *hosts_path;
};

void apply_note_done(const struct apply_context *ctx, const struct plan_step *step,
                     struct apply_report *report)
{
	struct ls_buf text = {0};

	report->counts[step->kind]++;
	if (!ls_log_enabled(LS_LOG_DEBUG))
		return;
	plan_step_describe(step, &text);
	ls_debug("apply.step", "interface=%s step=\"%s\"", ctx->options.interface,
	         ls_buf_text(&text));
	ls_buf_done(&text);
}

void apply_actual_done(struct apply_actual *actual)
{
	free(actual->addresses);
	free(actual->routes);
	free(actual->foreign_routes);
	wg_config_done(&actual->device);
	free(actual->hosts);
	*actual = (struct apply_actual){0};
}

struct apply_executor *apply_executor_new(const struct apply_options *options)
{
	struct apply_executor *x = ls_new(struct apply_executor);

	x->interface = ls_strdup(options->interface);
	x->profile = options->profile ? ls_strdup(options->profile) : NULL;
	x->hosts_path = options->hosts_path ? ls_strdup(options->hosts_path) : NULL;
	x->ctx.options = *options;
	x->ctx.options.interface = x->interface;
	x->ctx.options.profile = x->profile;
	x->ctx.options.hosts_path = x->hosts_path;
	x->ctx.mtu = PLAN_MTU_MAX;
	return x;
}

void apply_executor_free(struct apply_executor *x)
{
	if (!x)
		return;
	if (x->ctx.dp)
		x->ctx.options.ops->close(x->ctx.dp);
	apply_actual_done(&x->actual);
	free(x->interface);
	free(x->profile);
	free(x->hosts_path);
	free(x);
}

static int read_host(struct apply_executor *x, struct ls_fail *fail)
{
	apply_actual_done(&x->actual);
	for (size_t i = 0; i < KINDS; i++) {
		int r = kinds[i]->read(&x->ctx, &x->actual, fail);

		if (r < 0)
			return ls_fail_prefix(fail, "interface %s", x->interface);
	}
	return 0;
}

int apply_diff(const struct apply_context *ctx, const struct apply_actual *actual,
               const struct plan *plan, struct plan_steps *ret)
{
	struct plan_steps steps = {0};
	int r = 0;

	for (size_t i = 0; i < KINDS && r == 0; i++)
		r = kinds[i]->diff(ctx, actual, plan, &steps);
	if (r == 0)
		r = plan_steps_order(&steps);
	if (r < 0)
		plan_steps_done(&steps);
	else
		*ret = steps;
	return r;
}

int apply_executor_look(struct apply_executor *x, const struct plan *plan, struct plan_steps *ret,
                        struct ls_fail *fail)
{
	int r = read_host(x, fail);

	if (r < 0)
		return r;
	r = apply_diff(&x->ctx, &x->actual, plan, ret);
	return r < 0 ? ls_fail_set(fail, r, "interface %s: %s", x->interface, ls_strerror(r)) : 0;
}

static const struct apply_kind *kind_of(const struct plan_step *step)
{
	size_t i = 0;

	while (i < KINDS && !(kinds[i]->steps & APPLY_STEP(step->kind)))
		i++;
	assert(i < KINDS); /* every kind of step belongs to a kind of state */
	return kinds[i];
}

static int run_steps(struct apply_executor *x, const struct plan_steps *steps,
                     struct apply_report *report, struct ls_fail *fail)
{
	size_t end;

	for (size_t i = 0; i < steps->count; i = end) {
		const struct apply_kind *kind = kind_of(&steps->items[i]);
		int r;

		end = i + 1;
		while (end < steps->count && kind_of(&steps->items[end]) == kind)
			end++;
		r = kind->act(&x->ctx, &steps->items[i], end - i, report, fail);
		if (r < 0)
			return ls_fail_prefix(fail, "interface %s", x->interface);
	}
	return 0;
}

static void note_left_out(const struct plan_steps *steps, struct apply_report *report)
{
	for (size_t i = 0; i < steps->left_out_count; i++) {
		const struct plan_left_out *out = &steps->left_out[i];

		switch (out->kind) {
		case PLAN_LEFT_OUT_IPV6:
			report->no_ipv6 = true;
			break;
		case PLAN_LEFT_OUT_ROUTE:
			if (report->route_conflicts++ == 0)
				(void)ls_fail_set(&report->conflict, -EEXIST, "%s: %s", out->what,
				                  out->reason);
			break;
		case PLAN_LEFT_OUT_HOSTS:
			(void)ls_fail_set(&report->hosts, LS_ERROR_CONFLICT, "%s", out->reason);
			break;
		}
	}
}

int apply_executor_run(struct apply_executor *x, const struct plan *plan, struct apply_report *ret,
                       struct ls_fail *fail)
{
	const struct nl_socket *rtnl = x->ctx.options.rtnl;
	uint64_t writes = nl_socket_writes(rtnl);
	struct apply_report report = {0};
	struct plan_steps steps;
	int r = apply_executor_look(x, plan, &steps, fail);

	if (r < 0)
		return r;
	if (!x->actual.exists) {
		r = ls_fail_set(fail, -ENODEV, "there is no interface %s", x->interface);
	} else {
		note_left_out(&steps, &report);
		r = run_steps(x, &steps, &report, fail);
		ls_debug("apply.done", "interface=%s steps=%zu netlink=%" PRIu64, x->interface,
		         steps.count, nl_socket_writes(rtnl) - writes);
	}
	plan_steps_done(&steps);
	if (r < 0)
		return r;
	x->ctx.mtu = plan->mtu;
	*ret = report;
	return 0;
}

int apply_executor_clear(struct apply_executor *x, bool *ret_found, struct ls_fail *fail)
{
	const struct plan_step step = {.kind = PLAN_STEP_CLEAR};
	struct apply_report report = {0};
	int r = apply_link.act(&x->ctx, &step, 1, &report, fail);

	*ret_found = report.counts[PLAN_STEP_CLEAR] > 0;
	return r;
}

int apply_executor_create(struct apply_executor *x, const struct wg_private_key *key,
                          uint16_t listen_port, struct ls_fail *fail)
{
	const struct plan_step step = {.kind = PLAN_STEP_CREATE};
	struct apply_report report = {0};
	int r;

	x->ctx.private_key = *key;
	x->ctx.listen_port = listen_port;
	r = apply_link.act(&x->ctx, &step, 1, &report, fail);
	key_wipe(&x->ctx.private_key, sizeof(x->ctx.private_key));
	return r;
}

int apply_executor_undo(struct apply_executor *x, struct ls_fail *fail)
{
	int first = 0;

	for (size_t i = KINDS; i-- > 0;) {
		struct ls_fail why = {0};
		int r = kinds[i]->undo ? kinds[i]->undo(&x->ctx, &why) : 0;

		if (r < 0 && first == 0)
			first = ls_fail_set(fail, r, "%s", why.text);
	}
	return first;
}

struct dataplane *apply_executor_dataplane(const struct apply_executor *x)
{
	return x->ctx.dp;
}

uint16_t apply_executor_listen_port(const struct apply_executor *x)
{
	return x->ctx.listen_port;
}

uint32_t apply_executor_mtu(const struct apply_executor *x)
{
	return x->ctx.mtu;
}
