/* SPDX-License-Identifier: Apache-2.0 */
#include "control/failover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
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
	bool answered;         /* some server gave an HTTP answer */
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

/* True when the next server should be tried: there was no answer, or one that did not come from a
 * control server, or the server had an internal error. When a working server refuses a request, the
 * others refuse it, too. */
static bool goes_on(const struct control_call *call, const struct control_answer *answer)
{
	bool sound = answer->code == 0 ||
	             (answer->status >= 300 && answer->status < 500 && !answer->foreign);

	return !sound && (!call->request.once || answer->unsent);
}

static void report_all(struct control_call *call, const struct control_answer *last)
{
	struct control_answer answer = {.status = last->status, .url = last->url};
	struct ls_buf *all = &call->reasons;
	const char *hinted = ls_buf_text(&call->hinted), *reasons;

	/* The hint becomes a sentence at the end of the text, so its reason comes last. */
	if (hinted && hinted[0] != '\0')
		ls_buf_printf(all, "%s%s", all->len > 0 ? "; " : "", hinted);
	reasons = ls_buf_text(all);
	answer.code =
	        ls_fail_set(&answer.fail, call->answered ? LS_ERROR_REMOTE : LS_ERROR_UNREACHABLE,
	                    "no control server answered: %s", reasons ? reasons : last->fail.text);
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

static void on_done(void *arg, const struct control_answer *answer)
{
	struct control_call *call = arg;
	struct control_failover *failover = call->failover;
	bool hinted = call->hint == LS_HINT_NONE && answer->fail.hint != LS_HINT_NONE;
	struct ls_buf *reasons = hinted ? &call->hinted : &call->reasons;

	call->exchange = NULL;
	if (!goes_on(call, answer)) {
		if (answer->status != 0)
			failover->first = url_index(call);
		call->done(call->arg, answer);
		call_free(call);
		return;
	}
	call->answered = call->answered || answer->status != 0;
	ls_buf_printf(reasons, "%s%s", reasons->len > 0 ? "; " : "", answer->fail.text);
	if (hinted)
		call->hint = answer->fail.hint;
	call->tried++;
	if (call->tried < failover->urls.count) {
		start_attempt(call, on_done);
		return;
	}
	if (failover->urls.count == 1)
		call->done(call->arg, answer);
	else
		report_all(call, answer);
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
