/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/dry_run.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cli/frame/output.h"
#include "cli/show/left_out.h"
#include "wgconfig/wg_config.h"
#include "json/json.h"

static bool is_of(const struct plan_step *step, const char *object)
{
	return ls_streq(plan_step_object(step->kind), object);
}

static json_t *encode_route(const struct plan_route *route)
{
	struct json_writer w = json_begin();

	json_put_prefix(&w, "prefix", &route->prefix);
	json_put_u64(&w, "table", route->table);
	json_put_u64(&w, "metric", route->metric);
	return json_finish(&w);
}

static bool append_prefix(json_t *list, const struct ls_prefix *prefix)
{
	char text[LS_PREFIX_TEXT];

	return json_append(list, json_string(ls_prefix_format(prefix, text)));
}

/* The allowed IPs are those that the peer will have; for a removed peer, those that it has now. */
static json_t *encode_peer(const struct plan_step *step)
{
	const struct plan_peer *wanted = step->wanted;
	struct json_writer w = json_begin();
	json_t *allowed = json_array();

	for (size_t i = 0; wanted && i < wanted->allowed_ip_count; i++)
		w.failed |= !append_prefix(allowed, &wanted->allowed_ips[i]);
	for (size_t i = 0; !wanted && i < step->actual->allowed_ip_count; i++)
		w.failed |= !append_prefix(allowed, &step->actual->allowed_ips[i].prefix);
	json_put_key(&w, "public_key", plan_step_key(step)->b);
	json_put_string(&w, "name", wanted ? wanted->name : NULL);
	json_put(&w, "allowed_ips", allowed);
	return json_finish(&w);
}

static json_t *encode_step(const struct plan_step *step)
{
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};
	struct json_writer w = json_begin();

	plan_step_describe(step, &text);
	json_put_string(&w, "action", plan_step_verb(step->kind));
	json_put_string(&w, "object", plan_step_object(step->kind));
	json_put_string(&w, "text", ls_buf_text(&text));
	if (is_of(step, "address"))
		json_put_prefix(&w, "address", step->address);
	if (is_of(step, "mtu"))
		json_put_u64(&w, "mtu", step->mtu);
	if (is_of(step, "names"))
		json_put_string(&w, "path", step->path);
	if (is_of(step, "peer"))
		json_put(&w, "peer", encode_peer(step));
	if (is_of(step, "route"))
		json_put(&w, "route", encode_route(step->route));
	return json_finish(&w);
}

static json_t *encode_left_out(const struct plan_left_out *out)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "what", out->what);
	json_put_string(&w, "reason", out->reason);
	return json_finish(&w);
}

static json_t *encode(const struct dry_run *run)
{
	const struct plan *plan = run->plan;
	const struct plan_steps *steps = &run->steps;
	struct json_writer w = json_begin();
	json_t *list = json_array(), *left_out = show_left_out_json(plan);

	for (size_t i = 0; i < steps->count; i++)
		w.failed |= !json_append(list, encode_step(&steps->items[i]));
	for (size_t i = 0; i < steps->left_out_count; i++)
		w.failed |= !json_append(left_out, encode_left_out(&steps->left_out[i]));
	json_put_string(&w, "interface", plan->interface);
	json_put_string(&w, "source", run->from_cache ? "cache" : "server");
	json_put_u64(&w, "revision", plan->revision);
	json_put_string(&w, "hold", plan_hold_name(plan->hold));
	json_put(&w, "steps", list);
	json_put(&w, "left_out", left_out);
	return json_finish(&w);
}

static int print_text(const struct dry_run *run, struct ls_fail *fail)
{
	const struct plan *plan = run->plan;
	const struct plan_steps *steps = &run->steps;
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};

	for (size_t i = 0; i < steps->count; i++) {
		plan_step_describe(&steps->items[i], &text);
		ls_buf_puts(&text, "\n");
	}
	if (steps->count == 0)
		ls_buf_puts(&text, "nothing to do\n");
	for (size_t i = 0; i < plan->skip_count; i++)
		ls_buf_printf(&text, "left out: %s: %s\n", plan->skips[i].what,
		              plan->skips[i].reason);
	for (size_t i = 0; i < steps->left_out_count; i++)
		ls_buf_printf(&text, "left out: %s: %s\n", steps->left_out[i].what,
		              steps->left_out[i].reason);
	if (!ls_buf_text(&text))
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	(void)fputs(ls_buf_text(&text), stdout);
	return 0;
}

int host_dry_run_print(const struct cli_args *args, const struct dry_run *run, struct ls_fail *fail)
{
	if (run->from_cache)
		cli_note("The plan comes from the stored netmap: %s", run->cause.text);
	if (run->plan->hold != PLAN_HOLD_NONE)
		cli_note("This node is not active, so it has no peers: %s",
		         plan_hold_name(run->plan->hold));
	cli_note("Nothing was changed (--dry-run).");
	if (cli_given(args, "json"))
		return cli_print_json(encode(run), fail);
	return print_text(run, fail);
}
