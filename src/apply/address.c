/* SPDX-License-Identifier: Apache-2.0 */
/* The interface's addresses. All of them are ours: those that the plan does not have are
 * removed. */
#include <errno.h>
#include <stdio.h>

#include "apply/kind.h"
#include "base/cleanup.h"
#include "base/files.h"
#include "base/mem.h"

/* True when IPv6 is off, for the kernel or for this interface. Ask about "default" for an interface
 * that does not exist yet. */
static bool ipv6_is_off(const char *interface)
{
	char path[96];
	LS_FREE char *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
	return ls_file_read(path, 16, &text, &len, NULL) < 0 || text[0] != '0';
}

static int read_addresses(struct apply_context *ctx, struct apply_actual *actual,
                          struct ls_fail *fail)
{
	struct rtnl_address_list list;
	int r;

	actual->ipv6_off = ipv6_is_off(actual->exists ? ctx->options.interface : "default");
	if (!actual->exists)
		return 0;
	r = rtnl_address_list(ctx->options.rtnl, ctx->link, &list, fail);
	if (r < 0)
		return r;
	actual->addresses = ls_try_array(list.count, sizeof(*actual->addresses));
	for (size_t i = 0; actual->addresses && i < list.count; i++) {
		const struct rtnl_address *address = &list.items[i];

		/* The kernel adds link-local addresses itself. */
		if (!ls_ip_is_link_local(&address->ip))
			actual->addresses[actual->address_count++] =
			        (struct ls_prefix){.ip = address->ip, .bits = address->bits};
	}
	rtnl_address_list_done(&list);
	return actual->addresses ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

static bool has(const struct ls_prefix *list, size_t count, const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (ls_prefix_equal(&list[i], prefix))
			return true;
	}
	return false;
}

static int diff_addresses(const struct apply_context *ctx, const struct apply_actual *actual,
                          const struct plan *plan, struct plan_steps *steps)
{
	(void)ctx;
	for (size_t i = 0; i < plan->address_count; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ADDRESS_ADD,
		                         .address = &plan->addresses[i]};
		bool left_out = actual->ipv6_off && step.address->ip.family == LS_FAMILY_V6;

		if (left_out || has(actual->addresses, actual->address_count, step.address))
			continue;
		if (plan_steps_add(steps, &step) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < actual->address_count; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ADDRESS_REMOVE,
		                         .address = &actual->addresses[i]};

		if (has(plan->addresses, plan->address_count, step.address))
			continue;
		if (plan_steps_add(steps, &step) < 0)
			return -ENOMEM;
	}
	if (actual->ipv6_off)
		return plan_steps_leave_out(steps, PLAN_LEFT_OUT_IPV6, "IPv6 addresses and routes",
		                            "IPv6 is off on this host");
	return 0;
}

static int remove_address(const struct apply_context *ctx, const struct ls_prefix *address,
                          struct ls_fail *fail)
{
	int r = rtnl_address_delete(ctx->options.rtnl, ctx->link, address, fail);

	return r == -EADDRNOTAVAIL ? 0 : r;
}

static int act_addresses(struct apply_context *ctx, const struct plan_step *steps, size_t count,
                         struct apply_report *report, struct ls_fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		const struct ls_prefix *address = steps[i].address;
		int r;

		if (steps[i].kind == PLAN_STEP_ADDRESS_REMOVE)
			r = remove_address(ctx, address, fail);
		else
			r = rtnl_address_add(ctx->options.rtnl, ctx->link, address, fail);
		if (r < 0 && r != -EEXIST)
			return r;
		apply_note_done(ctx, &steps[i], report);
	}
	return 0;
}

static int undo_addresses(struct apply_context *ctx, struct ls_fail *fail)
{
	struct apply_actual actual = {0};
	int r = apply_link.read(ctx, &actual, fail);

	if (r == 0)
		r = read_addresses(ctx, &actual, fail);
	for (size_t i = 0; i < actual.address_count && r == 0; i++)
		r = remove_address(ctx, &actual.addresses[i], fail);
	apply_actual_done(&actual);
	return r;
}

const struct apply_kind apply_address = {
        .name = "address",
        .steps = APPLY_STEP(PLAN_STEP_ADDRESS_ADD) | APPLY_STEP(PLAN_STEP_ADDRESS_REMOVE),
        .read = read_addresses,
        .diff = diff_addresses,
        .act = act_addresses,
        .undo = undo_addresses,
};
