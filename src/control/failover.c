/* SPDX-License-Identifier: Apache-2.0 */
#include "control/failover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/keys.h"

struct control_failover {
	struct control_client *client;
	struct control_url_list urls;
	size_t first; /* index of the last server that worked */
	struct ls_list calls;
};

struct control_call {
	struct ls_list node;
	struct control_failover *failover;
	struct control_exchange *exchange; /* the running attempt */
	struct control_request request;    /* its pointers are those below */
	char *path;
	char *label;
	char *token;
	json_t *body;
	size_t first; /* index of this call's first server; failover->first may change meanwhile */
	size_t tried;
	bool answered;         /* some server gave an HTTP answer that is no refusal */
	uint32_t refused;      /* the servers that refused (struct control_answer) */
	int refusal;           /* code of the first of them */
	struct ls_buf reasons; /* of the attempts, separated by "; "; not the one in `hinted` */
	struct ls_buf hinted;  /* the reason of the first attempt that has a hint */
	enum ls_hint hint;     /* the first that an attempt had */
	control_done_fn done;
	void *arg;
};

static char *copy(const char *s)
{
	return s ? ls_strdup(s) : NULL;
}

static void call_free(struct control_call *call)
{
	ls_list_remove(&call->node);
	key_free_string(call->path);
	free(call->label);
	key_free_string(call->token);
	json_decref(call->body);
	ls_buf_done(&call->reasons);
	ls_buf_done(&call->hinted);
	free(call);
}

static size_t url_index(const struct control_call *call)
{
	return (call->first + call->tried) % call->failover->urls.count;
}

/* The server does not know the node, or does not take its credential. It has done nothing, so
 * another server may be asked even with a `once` request. */
static bool is_refusal(const struct control_answer *answer)
{
	return !answer->foreign &&
	       (answer->code == LS_ERROR_AUTH || answer->code == LS_ERROR_NOT_FOUND);
}

/* True when the next server should be tried: there was no answer, or one that did not come from a
 * control server, or the server had an internal error, or is not this node's. */
static bool goes_on(const struct control_call *call, const struct control_answer *answer)
{
	bool sound = answer->code == 0 ||
	             (answer->status >= 300 && answer->status < 500 && !answer->foreign);

	if (is_refusal(answer))
		return call->request.ask_all;
	return !sound && (!call->request.once || answer->unsent);
}

/* Any JSON with status 200 is a success up to here. */
static void check_body(const struct control_call *call, struct control_answer *answer)
{
	const struct control_request *request = &call->request;

	if (answer->code < 0 || !request->check)
		return;
	answer->code = request->check(request->check_arg, answer->body, &answer->fail);
	if (answer->code == 0)
		return;
	answer->code =
	        ls_fail_prefix(&answer->fail, "%s %s%s", proto_method_name(request->method),
	                       answer->url->text, request->label ? request->label : request->path);
	answer->body = NULL;
	answer->foreign = true;
}

static void report_all(struct control_call *call, const struct control_answer *last)
{
	struct control_answer answer = {
	        .status = last->status, .url = last->url, .refused = call->refused};
	struct ls_buf *all = &call->reasons;
	const char *hinted = ls_buf_text(&call->hinted), *reasons;
	bool all_refuse = call->refused == (1u << call->failover->urls.count) - 1;

	/* The hint becomes a sentence at the end of the text, so its reason comes last. */
	if (hinted && hinted[0] != '\0')
		ls_buf_printf(all, "%s%s", all->len > 0 ? "; " : "", hinted);
	reasons = ls_buf_text(all);
	if (all_refuse)
		answer.code = call->refusal;
	else
		answer.code = call->answered ? LS_ERROR_REMOTE : LS_ERROR_UNREACHABLE;
	(void)ls_fail_set(&answer.fail, answer.code, "%s: %s",
	                  all_refuse ? "every control server refuses"
	                             : "no control server answered",
	                  reasons ? reasons : last->fail.text);
	answer.fail.hint = call->hint;
	answer.fail.http_status = last->status;
	call->done(call->arg, &answer);
}

static void start_attempt(struct control_call *call, control_done_fn done)
{
	struct control_failover *failover = call->failover;

	call->exchange =
	        control_exchange_start(failover->client, &failover->urls.items[url_index(call)],
	                               &call->request, done, call);
}

static void note_failure(struct control_call *call, const struct control_answer *answer)
{
	bool hinted = call->hint == LS_HINT_NONE && answer->fail.hint != LS_HINT_NONE;
	struct ls_buf *reasons = hinted ? &call->hinted : &call->reasons;

	if (is_refusal(answer)) {
		call->refused |= 1u << url_index(call);
		call->refusal = call->refusal ? call->refusal : answer->code;
	} else {
		call->answered = call->answered || answer->status != 0;
	}
	ls_buf_printf(reasons, "%s%s", reasons->len > 0 ? "; " : "", answer->fail.text);
	if (hinted)
		call->hint = answer->fail.hint;
	ls_debug("control.failed", "error=\"%s\"", answer->fail.text);
}

static void on_done(void *arg, const struct control_answer *theirs)
{
	struct control_call *call = arg;
	struct control_failover *failover = call->failover;
	struct control_answer answer = *theirs;

	call->exchange = NULL;
	check_body(call, &answer);
	if (!goes_on(call, &answer)) {
		/* A server that refuses may be another one's: it does not become the first. */
		if (answer.status != 0 && !is_refusal(&answer) && !answer.foreign)
			failover->first = url_index(call);
		call->done(call->arg, &answer);
		call_free(call);
		return;
	}
	note_failure(call, &answer);
	call->tried++;
	if (call->tried < failover->urls.count) {
		start_attempt(call, on_done);
		return;
	}
	answer.refused = call->refused;
	if (failover->urls.count == 1)
		call->done(call->arg, &answer);
	else
		report_all(call, &answer);
	call_free(call);
}

struct control_failover *control_failover_new(struct event_base *base,
                                              const struct control_url_list *urls,
                                              const struct control_trust *trust,
                                              struct known_hosts *known)
{
	struct control_failover *failover = ls_new(struct control_failover);

	failover->client = control_client_new(base, trust, known);
	failover->urls.items = ls_new_bytes(urls->count * sizeof(*urls->items));
	memcpy(failover->urls.items, urls->items, urls->count * sizeof(*urls->items));
	failover->urls.count = urls->count;
	failover->first = urls->first;
	ls_list_init(&failover->calls);
	return failover;
}

void control_failover_free(struct control_failover *failover)
{
	if (!failover)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &failover->calls) {
		control_call_cancel(LS_CONTAINER(it, struct control_call, node));
	}
	control_client_free(failover->client);
	control_url_list_done(&failover->urls);
	free(failover);
}

struct control_call *control_failover_start(struct control_failover *failover,
                                            const struct control_request *request,
                                            control_done_fn done, void *arg)
{
	struct control_call *call = ls_new(struct control_call);

	call->failover = failover;
	call->request = *request;
	call->request.path = call->path = copy(request->path);
	call->request.label = call->label = copy(request->label);
	call->request.token = call->token = copy(request->token);
	call->body = request->body ? json_deep_copy(request->body) : NULL;
	call->request.body = call->body;
	call->first = failover->first;
	call->done = done;
	call->arg = arg;
	ls_list_append(&failover->calls, &call->node);
	start_attempt(call, on_done);
	return call;
}

void control_call_cancel(struct control_call *call)
{
	if (!call)
		return;
	control_exchange_cancel(call->exchange);
	call_free(call);
}

const struct control_url *control_failover_current(const struct control_failover *failover)
{
	return &failover->urls.items[failover->first];
}
