/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/utf8.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"
#include "proto/limits.h"
#include "proto/server_report.h"
#include "json/json.h"

static int add_filter(const struct cli_args *args, const char *option, const char *name,
                      struct ls_buf *query, struct ls_fail *fail)
{
	const char *id = cli_text(args, option);
	char escaped[PROTO_ESCAPED_ID_MAX];
	int r;

	if (!id)
		return 0;
	r = proto_id_escape(id, escaped, fail);
	if (r < 0)
		return r;
	ls_buf_printf(query, "%s%s=%s", query->len > 0 ? "&" : "", name, escaped);
	return 0;
}

static void time_cell(struct cli_table *table, int64_t t)
{
	time_t seconds = (time_t)t;
	struct tm tm;
	char text[32];

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &tm) > 0)
		cli_table_cell(table, text);
	else
		cli_table_cellf(table, "%" PRId64, t);
}

/* Shows of a node's id only the first characters, because the column NODE has it, and a token's id
 * in full, because `admin token revoke` takes it. An actor that this version does not know is
 * printed as it is. */
static void who_cell(struct cli_table *table, const struct audit_entry *entry)
{
	const char *actor = entry->actor ? entry->actor : "";
	const char *id = entry->actor_id ? entry->actor_id : "?";

	if (strcmp(actor, "node") == 0)
		cli_table_cellf(table, "node %.8s", id);
	else if (strcmp(actor, "enrolment_token") == 0)
		cli_table_cellf(table, "token %s", id);
	else if (strcmp(actor, "approval_link") == 0)
		cli_table_cell(table, "approval link");
	else
		cli_table_cell(table, actor);
}

/* An object as "name=value, ..", without members that are null; anything else as it is. */
static void detail_cell(struct cli_table *table, const struct audit_entry *entry)
{
	json_t *detail = proto_audit_detail_json(entry);
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};
	const char *name;
	json_t *value;

	json_object_foreach(detail, name, value)
	{
		char *other = json_is_string(value) ? NULL : json_text(value, NULL);

		if (!json_is_null(value))
			ls_buf_printf(&text, "%s%s=%s", text.len > 0 ? ", " : "", name,
			              other ? other : json_string_value(value));
		free(other);
	}
	if (json_is_object(detail)) {
		if (text.len > 0)
			ls_str_mask_control(text.data);
		cli_table_cell(table, ls_buf_text(&text));
	} else {
		cli_table_cell(table, entry->detail);
	}
	json_decref(detail);
}

static void print_log(const struct audit_log *log)
{
	static const char *const headers[] = {"TIME",    "ACTION", "WHO",    "FROM",
	                                      "NETWORK", "NODE",   "DETAIL", NULL};
	struct cli_table *table = cli_table_new(headers);

	for (size_t i = 0; i < log->entry_count; i++) {
		time_cell(table, log->entries[i].timestamp);
		cli_table_cell(table, log->entries[i].action);
		who_cell(table, &log->entries[i]);
		cli_table_cell(table, log->entries[i].source);
		cli_table_cell(table, log->entries[i].network_id);
		cli_table_cell(table, log->entries[i].node_id);
		detail_cell(table, &log->entries[i]);
	}
	cli_table_print(table, stdout, "no entries");
	cli_table_free(table);
}

static int audit(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct session_call call = {.endpoint = PROTO_ENDPOINT_AUDIT};
	struct ls_buf query LS_CLEANUP(ls_buf_done) = {0};
	struct audit_log log = {0};
	int r = add_filter(args, "network-id", "network_id", &query, fail);

	if (r == 0)
		r = add_filter(args, "node-id", "node_id", &query, fail);
	if (r == 0)
		r = add_filter(args, "limit", "limit", &query, fail);
	if (r == 0)
		r = add_filter(args, "before", "before", &query, fail);
	if (r == 0)
		r = add_filter(args, "after", "after", &query, fail);
	if (r < 0)
		return r;
	if (query.len > 0)
		call.query = ls_buf_text(&query);
	r = SESSION_CALL(session, &call, proto_audit_log_decode, &log, fail);
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_audit_log_encode(&log), fail);
	print_log(&log);
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_given(args, "before") && cli_given(args, "after"))
		return ls_fail_set(fail, LS_ERROR_USAGE, "give either --before or --after");
	return admin_run(args, audit, fail);
}

static const struct cli_option options[] = {
        {
                .name = "network-id",
                .kind = CLI_TEXT,
                .placeholder = "NETWORK",
                .help = "only entries about this network",
        },
        {
                .name = "node-id",
                .kind = CLI_TEXT,
                .placeholder = "NODE",
                .help = "only entries about this node",
        },
        {
                .name = "limit",
                .kind = CLI_NUMBER,
                .placeholder = "N",
                .help = "only the newest N entries",
                .min = 1,
                .max = LIMIT_LISTED,
        },
        {
                .name = "before",
                .kind = CLI_TEXT,
                .placeholder = "ENTRY",
                .help = "only entries older than this one; --json shows ids",
        },
        {
                .name = "after",
                .kind = CLI_TEXT,
                .placeholder = "ENTRY",
                .help = "only entries newer than this one; --limit keeps the oldest",
        },
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_audit = {
        .path = "admin audit",
        .summary = "Print what was changed, by whom and from where, oldest first",
        .options = options,
        .run = run,
};
