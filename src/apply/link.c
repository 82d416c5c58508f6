/* SPDX-License-Identifier: Apache-2.0 */
/* The interface itself, which the data plane creates; its MTU, and whether it is up. */
#include <errno.h>

#include "apply/kind.h"
#include "apply/leftover.h"
#include "dataplane/uapi_client.h"

/* For a dry run: asks the process that serves the interface for its state and peers. Fails when the
 * interface exists but no process serves it, unless it is to be removed. */
static int look_at_served(const struct apply_context *ctx, const struct rtnl_link *link,
                          struct apply_actual *actual, struct ls_fail *fail)
{
	const char *interface = ctx->options.interface;
	bool found = link->index != 0;
	int r = dp_uapi_client_get(interface, &actual->device, fail);
	bool served = r != -ENOENT && r != -ECONNREFUSED;

	if (served && r < 0)
		return found ? r : 0;
	if (found && !served && !ctx->options.clear)
		return ls_fail_set(
		        fail, -EEXIST,
		        "an interface of that name exists, and no WireGuard process "
		        "serves it; choose another or remove it with `ip link delete %s`",
		        interface);
	actual->exists = found && served;
	actual->leftover = ctx->options.clear && !served && (found || r == -ECONNREFUSED);
	actual->leftover_link = actual->leftover ? link->index : 0;
	return 0;
}

static int read_link(struct apply_context *ctx, struct apply_actual *actual, struct ls_fail *fail)
{
	struct rtnl_link link = {0};
	int r = rtnl_link_get(ctx->options.rtnl, ctx->options.interface, &link, fail);

	ctx->link = 0;
	if (r < 0 && r != -ENODEV)
		return r;
	if (!ctx->options.ops) {
		r = look_at_served(ctx, &link, actual, fail);
		if (r < 0)
			return r;
	} else {
		/* Without a data plane, an interface of that name is not ours. */
		actual->exists = r == 0 && ctx->dp;
	}
	if (!actual->exists)
		return 0;
	ctx->link = link.index;
	actual->up = (link.flags & IFF_UP) != 0;
	actual->mtu = link.mtu;
	return 0;
}

static int diff_link(const struct apply_context *ctx, const struct apply_actual *actual,
                     const struct plan *plan, struct plan_steps *steps)
{
	const struct plan_step clear = {.kind = PLAN_STEP_CLEAR};
	const struct plan_step create = {.kind = PLAN_STEP_CREATE};
	const struct plan_step mtu = {.kind = PLAN_STEP_MTU, .mtu = plan->mtu};
	const struct plan_step up = {.kind = PLAN_STEP_UP};
	uint32_t is = actual->exists ? actual->mtu : ctx->mtu; /* a new interface gets this MTU */
	int r = 0;

	if (actual->leftover)
		r = plan_steps_add(steps, &clear);
	if (r == 0 && !actual->exists)
		r = plan_steps_add(steps, &create);
	if (r == 0 && is != plan->mtu)
		r = plan_steps_add(steps, &mtu);
	if (r == 0 && !actual->up)
		r = plan_steps_add(steps, &up);
	return r;
}

static void close_link(struct apply_context *ctx)
{
	if (ctx->dp)
		ctx->options.ops->close(ctx->dp);
	ctx->dp = NULL;
}

static int configure(struct apply_context *ctx, struct ls_fail *fail)
{
	struct wg_config change = {.flags = WG_CONFIG_PRIVATE_KEY | WG_CONFIG_LISTEN_PORT,
	                           .private_key = ctx->private_key,
	                           .listen_port = ctx->listen_port};
	struct wg_config device = {0};
	int r = ctx->options.ops->configure(ctx->dp, &change, fail);

	wg_config_done(&change);
	if (r == 0)
		r = ctx->options.ops->read(ctx->dp, &device, fail);
	if (r < 0)
		return r;
	ctx->listen_port = device.listen_port;
	wg_config_done(&device);
	return 0;
}

static int create(struct apply_context *ctx, struct ls_fail *fail)
{
	const struct dataplane_options options = {.interface = ctx->options.interface,
	                                          .mtu = ctx->mtu,
	                                          .offloads = ctx->options.offloads,
	                                          .stamps = ctx->options.stamps};
	int r;

	close_link(ctx);
	r = ctx->options.ops->open(&options, &ctx->dp, fail);
	if (r < 0)
		return r;
	r = configure(ctx, fail);
	if (r < 0)
		close_link(ctx);
	return r;
}

static int act_link(struct apply_context *ctx, const struct plan_step *steps, size_t count,
                    struct apply_report *report, struct ls_fail *fail)
{
	struct nl_socket *rtnl = ctx->options.rtnl;

	for (size_t i = 0; i < count; i++) {
		bool done = true;
		int r;

		if (steps[i].kind == PLAN_STEP_CLEAR)
			r = apply_leftover_remove(rtnl, ctx->options.interface, &done, fail);
		else if (steps[i].kind == PLAN_STEP_CREATE)
			r = create(ctx, fail);
		else if (steps[i].kind == PLAN_STEP_MTU)
			r = rtnl_link_set_mtu(rtnl, ctx->link, steps[i].mtu, fail);
		else
			r = rtnl_link_set_up(rtnl, ctx->link, fail);
		if (r < 0)
			return r;
		if (done)
			apply_note_done(ctx, &steps[i], report);
	}
	return 0;
}

static int undo_link(struct apply_context *ctx, struct ls_fail *fail)
{
	(void)fail;
	close_link(ctx);
	return 0;
}

const struct apply_kind apply_link = {
        .name = "link",
        .steps = APPLY_STEP(PLAN_STEP_CLEAR) | APPLY_STEP(PLAN_STEP_CREATE) |
                 APPLY_STEP(PLAN_STEP_MTU) | APPLY_STEP(PLAN_STEP_UP),
        .read = read_link,
        .diff = diff_link,
        .act = act_link,
        .undo = undo_link,
};
