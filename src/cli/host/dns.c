/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apply/hosts_file.h"
#include "base/cleanup.h"
#include "base/files.h"
#include "cli/frame/output.h"
#include "cli/host/commands.h"
#include "cli/session/allow.h"
#include "cli/session/call.h"
#include "cli/session/plan.h"
#include "json/json.h"

enum {
	OUTPUT_MODE = 0644,
};

static bool wants_json(const struct cli_args *args)
{
	return cli_given(args, "json") || ls_streq(cli_text(args, "format"), "json");
}

static json_t *encode_host(const struct plan_host *host)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "name", host->name);
	json_put_string(&w, "dns_name", host->dns_name);
	json_put_ip(&w, "ipv4", &host->ipv4);
	json_put_ip(&w, "ipv6", &host->ipv6);
	return json_finish(&w);
}

static json_t *encode_network(const struct network_info *network)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "id", network->id);
	json_put_string(&w, "name", network->name);
	json_put_string(&w, "dns_domain", network->dns_domain);
	return json_finish(&w);
}

static bool add_record(json_t *records, const struct peer_info *peer)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "name", peer->dns_name);
	json_put_string(&w, "node_id", peer->id);
	json_put_ip(&w, "ipv4", &peer->ipv4);
	json_put_ip(&w, "ipv6", &peer->ipv6);
	return json_append(records, json_finish(&w));
}

/* All that the netmap names, whatever this host leaves out. */
static json_t *encode_records(const struct netmap *map)
{
	json_t *records = json_array();
	bool whole = add_record(records, &map->node.peer);

	for (size_t i = 0; whole && i < map->peer_count; i++)
		whole = add_record(records, &map->peers[i]);
	if (whole)
		return records;
	json_decref(records);
	return NULL;
}

static json_t *encode(const struct netmap *map, const struct plan *plan)
{
	struct json_writer w = json_begin();
	json_t *hosts = json_array();

	for (size_t i = 0; i < plan->host_count; i++)
		w.failed |= !json_append(hosts, encode_host(&plan->hosts[i]));
	/* The members of existing clients; ours follow. */
	json_put(&w, "network", encode_network(&map->network));
	json_put_time(&w, "generated_at", map->generated_at);
	json_put(&w, "records", encode_records(map));
	json_put_string(&w, "network_id", map->network.id);
	json_put_string(&w, "dns_domain", map->network.dns_domain);
	json_put_strings(&w, "dns_servers", map->relay.dns_servers);
	json_put(&w, "hosts", hosts);
	return json_finish(&w);
}

static int render(const struct cli_args *args, const struct netmap *map, const struct plan *plan,
                  struct ls_buf *ret, struct ls_fail *fail)
{
	if (wants_json(args)) {
		json_t *document = encode(map, plan);
		char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;

		ret->failed = !text;
		if (text)
			ls_buf_printf(ret, "%s\n", text);
		free(text);
		json_decref(document);
	} else {
		apply_hosts_file_lines(plan, ret);
	}
	return ls_buf_text(ret) ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

static int put_out(const struct cli_args *args, const struct netmap *map, const struct plan *plan,
                   struct ls_fail *fail)
{
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};
	const char *path = cli_text(args, "output");
	int r = render(args, map, plan, &text, fail);

	if (r < 0)
		return r;
	if (path)
		return ls_file_rewrite(path, ls_buf_text(&text), text.len, OUTPUT_MODE, fail);
	(void)fputs(ls_buf_text(&text), stdout);
	return 0;
}

static int write_hosts(const struct cli_args *args, const char *profile, const struct plan *plan,
                       struct ls_fail *fail)
{
	const char *path = cli_text(args, "hosts-path");
	bool changed = false;
	int r = apply_hosts_file_write(path, profile, plan, &changed, fail);

	if (r == 0)
		cli_note("%s: names of profile '%s': %zu, %s", path, profile, plan->host_count,
		         changed ? "written" : "as before");
	return r;
}

static void note_skips(const struct plan *plan)
{
	if (plan->hold != PLAN_HOLD_NONE)
		cli_note("This node is not active, so it has no peers: %s",
		         plan_hold_name(plan->hold));
	for (size_t i = 0; i < plan->skip_count; i++)
		cli_note("Left out: %s: %s", plan->skips[i].what, plan->skips[i].reason);
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct plan *plan LS_CLEANUP(session_plan_free) = NULL;
	bool apply = cli_given(args, "apply-hosts");
	int r;

	if (cli_given(args, "hosts-path") && !apply)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--hosts-path needs --apply-hosts");
	if (cli_given(args, "json") && cli_given(args, "format") &&
	    !ls_streq(cli_text(args, "format"), "json"))
		return ls_fail_set(fail, LS_ERROR_USAGE, "give either --json or --format hosts");
	r = session_open(args, &session, fail);
	if (r == 0)
		r = session_fresh_netmap(&session, fail);
	if (r == 0)
		r = session_plan_make(args, &session, cli_text(args, "hosts-path"), &plan, fail);
	if (r != 0)
		return r;
	note_skips(plan);
	if (apply)
		r = write_hosts(args, session.profile, plan, fail);
	/* With --apply-hosts, print only if another option asks for output. */
	if (r == 0 && (!apply || cli_given(args, "output") || cli_given(args, "format") ||
	               cli_given(args, "json")))
		r = put_out(args, session.state->last_netmap, plan, fail);
	return r;
}

static const char *const formats[] = {"hosts", "json", NULL};

static const struct cli_option options[] = {
        {
                .name = "format",
                .kind = CLI_CHOICE,
                .placeholder = "FORMAT",
                .help = "what to print",
                .default_value = "hosts",
                .choices = formats,
        },
        {
                .name = "output",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "write it into this file",
                .default_help = "standard output",
        },
        {
                .name = "apply-hosts",
                .kind = CLI_FLAG,
                .help = "put the names into the hosts file, in a marked block",
        },
        {
                .name = "hosts-path",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "the hosts file",
                .default_value = "/etc/hosts",
        },
        CLI_OPTION_SHORT_NAMES,
        CLI_OPTION_ALLOW_PREFIX,
        CLI_OPTION_ALLOW_DOMAIN,
        {.name = "json", .kind = CLI_FLAG, .help = "the same as --format json"},
        {0},
};

const struct cli_command host_dns = {
        .path = "dns",
        .summary = "Print the network's names and addresses, or put them into the hosts file",
        .description =
                "They come from the netmap, which is fetched; if no server answers, from the\n"
                "stored one, and a note says so. The block in the hosts file belongs to the\n"
                "profile and is replaced as a whole. Other lines, mode and owner of the file do\n"
                "not change.",
        .options = options,
        .run = run,
};
