/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the network's nodes in the hosts file. They are a convenience: a file that cannot be
 * read or written is reported, but stops nothing else. */
#include <errno.h>
#include <stdlib.h>

#include "apply/hosts_file.h"
#include "apply/kind.h"
#include "base/cleanup.h"
#include "base/str.h"

/* For a dry run: takes out the names that a crashed run left, as agent/tunnel does it. */
static int forget_leftover(const struct apply_context *ctx, struct apply_actual *actual,
                           struct ls_fail *fail)
{
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};
	int r = apply_hosts_file_render(actual->hosts, ctx->options.profile, NULL, &text, fail);

	if (r < 0)
		return r;
	free(actual->hosts);
	actual->hosts = LS_STEAL(text.data); /* NULL: nothing else was in the file */
	return 0;
}

static int read_hosts(struct apply_context *ctx, struct apply_actual *actual, struct ls_fail *fail)
{
	const char *path = ctx->options.hosts_path;
	int r;

	(void)fail;
	if (!path)
		return 0;
	r = apply_hosts_file_read(path, &actual->hosts, &actual->hosts_fail);
	if (r == 0 && actual->hosts && ctx->options.clear && !actual->exists)
		r = forget_leftover(ctx, actual, &actual->hosts_fail);
	actual->hosts_fail.code = r;
	return 0;
}

static int diff_hosts(const struct apply_context *ctx, const struct apply_actual *actual,
                      const struct plan *plan, struct plan_steps *steps)
{
	const struct plan_step step = {
	        .kind = PLAN_STEP_HOSTS, .path = ctx->options.hosts_path, .plan = plan};
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};
	struct ls_fail why = actual->hosts_fail;
	const char *old = actual->hosts ? actual->hosts : "";
	int r = why.code;

	if (!step.path)
		return 0;
	if (r == 0) {
		r = apply_hosts_file_render(old, ctx->options.profile, plan, &text, &why);
		if (r < 0)
			(void)ls_fail_prefix(&why, "%s", step.path);
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return plan_steps_leave_out(steps, PLAN_LEFT_OUT_HOSTS, "names in the hosts file",
		                            why.text);
	if (ls_streq(ls_buf_text(&text), old))
		return 0;
	return plan_steps_add(steps, &step);
}

/* Writes the names. Another program may have changed the file meanwhile, so this reads it again,
 * under its lock. */
static int act_hosts(struct apply_context *ctx, const struct plan_step *steps, size_t count,
                     struct apply_report *report, struct ls_fail *fail)
{
	(void)fail;
	for (size_t i = 0; i < count; i++) {
		if (ctx->options.defers_names ||
		    apply_hosts_file_write(steps[i].path, ctx->options.profile, steps[i].plan, NULL,
		                           &report->hosts) == 0)
			apply_note_done(ctx, &steps[i], report);
	}
	return 0;
}

static int undo_hosts(struct apply_context *ctx, struct ls_fail *fail)
{
	if (!ctx->options.hosts_path)
		return 0;
	return apply_hosts_file_undo(ctx->options.hosts_path, ctx->options.profile, fail);
}

const struct apply_kind apply_hosts = {
        .name = "hosts",
        .steps = APPLY_STEP(PLAN_STEP_HOSTS),
        .read = read_hosts,
        .diff = diff_hosts,
        .act = act_hosts,
        .undo = undo_hosts,
};
