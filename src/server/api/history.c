/* SPDX-License-Identifier: Apache-2.0 */
/* What only the store has: the audit log and the keys that a node has had. The rows become JSON on
 * the thread of the store, one by one, so that a long answer does not stop the loop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "proto/node_admin.h"
#include "proto/server_report.h"
#include "server/api/endpoints.h"
#include "server/api/waiting.h"
#include "json/json.h"

enum {
	AUDIT_DEFAULT = 1000,
	AUDIT_MAX = 10000,
};

struct history {
	struct call *call;
	struct store_read read;
	char node_id[LIMIT_ID_LEN + 1];
	struct ls_buf rows; /* as JSON, one after the other, in the order in which they came */
	size_t *ends;       /* where each of them ends in `rows` */
	size_t count;
	size_t cap;
	struct ls_buf text; /* the answer */
};

/* These run on the thread of the store. */

/* Takes ownership of `json`; NULL: out of memory. */
static int add_row(struct history *history, json_t *json, struct ls_fail *fail)
{
	size_t len = 0;
	char *text = json ? json_text(json, &len) : NULL;
	int r = ls_try_grow((void **)&history->ends, &history->cap, history->count + 1,
	                    sizeof(*history->ends));

	json_decref(json);
	if (text && r == 0) {
		ls_buf_add(&history->rows, text, len);
		history->ends[history->count++] = history->rows.len;
	}
	r = !text || history->rows.failed ? -ENOMEM : r;
	free(text);
	return r < 0 ? ls_fail_set(fail, r, "out of memory") : 0;
}

static int on_audit(void *context, const struct audit_entry *entry, struct ls_fail *fail)
{
	return add_row(context, proto_audit_entry_encode(entry), fail);
}

static int on_key(void *context, const struct key_record *key, struct ls_fail *fail)
{
	return add_row(context, proto_key_record_encode(key), fail);
}

/* Answers have the oldest row first. */
static void add_rows(struct history *history, bool newest_first)
{
	for (size_t i = 0; i < history->count; i++) {
		size_t n = newest_first ? history->count - 1 - i : i;
		size_t begin = n > 0 ? history->ends[n - 1] : 0;

		if (i > 0)
			ls_buf_puts(&history->text, ",");
		ls_buf_add(&history->text, history->rows.data + begin, history->ends[n] - begin);
	}
}

static int on_end(void *context, struct ls_fail *fail)
{
	struct history *history = context;

	if (history->read.kind == STORE_READ_KEYS)
		/* The id needs no escaping: it names a node that there is. */
		ls_buf_printf(&history->text, "{\"node_id\":\"%s\",\"keys\":[", history->node_id);
	else
		ls_buf_puts(&history->text, "{\"entries\":[");
	add_rows(history, history->read.kind == STORE_READ_AUDIT && !history->read.audit.after);
	ls_buf_puts(&history->text, "]}");
	return history->text.failed ? ls_fail_set(fail, -ENOMEM, "out of memory") : 0;
}

/* These run on the loop. */

static void history_free(struct history *history)
{
	ls_buf_done(&history->rows);
	ls_buf_done(&history->text);
	free(history->ends);
	free(history);
}

static void free_text(const void *data, size_t len, void *arg)
{
	(void)len;
	(void)arg;
	free((void *)data);
}

static int answer(struct history *history, struct ls_fail *fail)
{
	struct ls_buf *text = &history->text;

	if (evbuffer_add_reference(api_call_out(history->call), text->data, text->len, free_text,
	                           NULL) != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	*text = (struct ls_buf){0};
	return 0;
}

static void on_done(void *arg, int result, const struct ls_fail *fail)
{
	struct history *history = arg;
	struct call *call = history->call;
	struct ls_fail own = *fail;

	api_waiting_end(call);
	if (result == 0 && call->request)
		result = answer(history, &own);
	else if (result == -ECANCELED)
		result = ls_fail_set(&own, -EBUSY, "reading took too long; ask for less");
	history_free(history);
	api_call_send(call, result, &own);
}

static bool withdraw(struct call *call)
{
	struct history *history = call->holder;
	struct store *store = state_store(call->server->state);

	if (!store->ops->withdraw(store, &history->read.job))
		return false;
	history_free(history);
	return true;
}

static int begin(struct call *call, struct history *history)
{
	struct store *store = state_store(call->server->state);

	history->call = call;
	history->read.job = (struct store_job){.done = on_done, .arg = history};
	history->read.on_audit = on_audit;
	history->read.on_key = on_key;
	history->read.on_end = on_end;
	history->read.context = history;
	call->holder = history;
	api_waiting_add(call, withdraw);
	store->ops->read(store, &history->read);
	return CALL_LATER;
}

int api_keys_list(struct call *call, struct ls_fail *fail)
{
	struct history *history = ls_new(struct history);

	(void)fail;
	memcpy(history->node_id, call->node->id, sizeof(history->node_id));
	history->read.kind = STORE_READ_KEYS;
	history->read.node_id = history->node_id;
	return begin(call, history);
}

int api_audit(struct call *call, struct ls_fail *fail)
{
	struct audit_query query = {.network_id = api_call_query(call, "network_id"),
	                            .node_id = api_call_query(call, "node_id"),
	                            .before = api_call_query(call, "before"),
	                            .after = api_call_query(call, "after")};
	struct history *history;
	int r = api_call_query_u64(call, "limit", AUDIT_DEFAULT, &query.limit, fail);

	if (r < 0)
		return r;
	if (query.limit > AUDIT_MAX)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "query: limit: must be 0 to %d",
		                   (int)AUDIT_MAX);
	if (query.before && query.after)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "query: before and after: not together");
	if (query.limit == 0)
		return api_call_answer(call, json_pack("{s:[]}", "entries"), fail);
	history = ls_new(struct history);
	history->read.kind = STORE_READ_AUDIT;
	history->read.audit = query;
	return begin(call, history);
}
