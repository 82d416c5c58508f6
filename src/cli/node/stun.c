/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node/stun.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/frame/output.h"

int node_stun_check(const struct cli_args *args, struct ls_fail *fail)
{
	static const char *const dependent[] = {"stun-server", "stun-port", "stun-timeout"};

	for (size_t i = 0; i < sizeof(dependent) / sizeof(dependent[0]); i++) {
		if (cli_given(args, dependent[i]) && !cli_given(args, "stun"))
			return ls_fail_set(fail, LS_ERROR_USAGE, "--%s needs --stun", dependent[i]);
	}
	if (cli_count(args, "stun-server") > LIMIT_SERVERS)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d STUN servers",
		                   LIMIT_SERVERS);
	if (cli_given(args, "stun") &&
	    cli_count(args, "endpoint") > LIMIT_ENDPOINTS - STUN_LEARNED_MAX)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "more than %d endpoints beside those that --stun learns",
		                   LIMIT_ENDPOINTS - STUN_LEARNED_MAX);
	return 0;
}

/* The servers of the command line, else those of the netmap. Copies them, because the heartbeat's
 * answer replaces the netmap. */
static int find_servers(const struct cli_args *args, const struct session *session,
                        struct cli_stun *stun, struct ls_fail *fail)
{
	const struct netmap *map = session->state->last_netmap;
	struct string_list list = {0};
	LS_FREE const char **given = cli_list(args, "stun-server", &list.count);

	list.items = given;
	if (list.count == 0 && map)
		list = map->relay.stun_servers;
	if (list.count == 0)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND,
		                   "no STUN server is known: give --stun-server HOST:PORT, or have "
		                   "the control server announce some (lightscale-server --stun "
		                   "HOST:PORT)");
	stun->server_count = list.count < LIMIT_SERVERS ? list.count : LIMIT_SERVERS;
	stun->servers = ls_try_array(stun->server_count, sizeof(*stun->servers));
	if (!stun->servers)
		abort(); /* small: LIMIT_SERVERS bounds it */
	for (size_t i = 0; i < stun->server_count; i++)
		stun->servers[i] = ls_strdup(list.items[i]);
	return 0;
}

/* Prints one line for each server that gave no usable answer. */
static void note_failures(const struct cli_stun *stun)
{
	for (size_t i = 0; i < stun->server_count; i++) {
		if (stun->report.failures[i][0])
			cli_note("STUN server %s: %s", stun->servers[i], stun->report.failures[i]);
	}
	if (stun->report.learned_count == 0)
		cli_note("no public endpoint was learned; the heartbeat goes without one");
}

static void note_doubts(const struct cli_args *args, const struct cli_stun *stun)
{
	const struct stun_report *report = &stun->report;
	uint64_t listen_port = cli_number(args, "listen-port");

	for (size_t i = 0; i < report->learned_count; i++) {
		const struct stun_learned *learned = &report->learned[i];
		char other[LS_ENDPOINT_TEXT];

		if (learned->differs)
			cli_note("%s sees this node at %s, but %s at %s: the router picks a port "
			         "for each destination, and peers can probably not use it",
			         stun->servers[learned->server], stun->learned[i],
			         stun->servers[learned->other],
			         ls_endpoint_format(&learned->other_endpoint, other));
	}
	if (report->learned_count == 0 || listen_port == report->local_port)
		return;
	if (listen_port != 0)
		cli_note("the learned endpoint belongs to port %u: peers can use it only if the "
		         "tunnel uses that port, not %u",
		         report->local_port, (unsigned)listen_port);
	else if (!cli_given(args, "stun-port"))
		cli_note(
		        "the learned endpoint belongs to port %u, which was free: peers can use it "
		        "only if the tunnel uses that port (give --listen-port PORT)",
		        report->local_port);
}

static int ask(const struct cli_args *args, struct cli_stun *stun, struct ls_fail *fail)
{
	const char *port = cli_given(args, "stun-port") ? "stun-port" : "listen-port";
	const struct stun_ask question = {
	        .servers = {.items = (const char *const *)stun->servers,
	                    .count = stun->server_count},
	        .local_port = (uint16_t)cli_number(args, port),
	        .timeout_s = (unsigned)cli_number(args, "stun-timeout"),
	};

	return net_stun_ask(&question, &stun->report, fail);
}

int node_stun_run(const struct cli_args *args, const struct session *session, struct cli_stun *ret,
                  struct ls_fail *fail)
{
	struct ls_fail why;
	int r;

	if (!cli_given(args, "stun"))
		return 0;
	r = find_servers(args, session, ret, fail);
	if (r < 0)
		return r;
	r = ask(args, ret, &why);
	if (r < 0) {
		cli_note("STUN: %s; the heartbeat goes without a learned endpoint%s", why.text,
		         r == -EADDRINUSE ? ": stop what holds the port (the agent?), or give "
		                            "--endpoint ADDRESS:PORT"
		                          : "");
		return 0;
	}
	for (size_t i = 0; i < ret->report.learned_count; i++)
		(void)ls_endpoint_format(&ret->report.learned[i].endpoint, ret->learned[i]);
	note_failures(ret);
	note_doubts(args, ret);
	return 0;
}

void node_stun_done(struct cli_stun *stun)
{
	for (size_t i = 0; i < stun->server_count; i++)
		free(stun->servers[i]);
	free(stun->servers);
}

static bool is_learned(const struct cli_stun *stun, const char *text)
{
	struct ls_endpoint endpoint;

	if (ls_endpoint_parse(text, &endpoint) < 0)
		return false; /* not reached: the parser has checked it */
	for (size_t i = 0; i < stun->report.learned_count; i++) {
		if (ls_endpoint_equal(&stun->report.learned[i].endpoint, &endpoint))
			return true;
	}
	return false;
}

const char **node_stun_endpoints(const struct cli_stun *stun, struct string_list given,
                                 size_t *ret_count)
{
	const char **all = ls_try_array(LIMIT_ENDPOINTS, sizeof(*all));
	size_t count = 0;

	if (!all)
		abort(); /* small */
	for (size_t i = 0; i < stun->report.learned_count; i++)
		all[count++] = stun->learned[i];
	for (size_t i = 0; i < given.count && count < LIMIT_ENDPOINTS; i++) {
		if (!is_learned(stun, given.items[i]))
			all[count++] = given.items[i];
	}
	*ret_count = count;
	return all;
}

void node_stun_print(const struct cli_stun *stun)
{
	struct ls_buf text = {0};

	if (!stun->servers)
		return;
	for (size_t i = 0; i < stun->report.learned_count; i++)
		ls_buf_printf(&text, "%s%s from %s", i > 0 ? ", " : "", stun->learned[i],
		              stun->servers[stun->report.learned[i].server]);
	if (text.failed)
		abort();
	cli_field("learned", "%s", text.len > 0 ? ls_buf_text(&text) : "-");
	ls_buf_done(&text);
}
