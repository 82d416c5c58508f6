/* SPDX-License-Identifier: Apache-2.0 */
#include "control/sync.h"

#include <errno.h>
#include <event2/event.h>

#include "control/failover.h"

enum {
	DRAIN_TURNS = 3, /* lets libevent free what a cancelled lookup left */
};

struct sync_call {
	struct event_base *base;
	json_t *body;
	struct ls_fail fail;
};

static void on_done(void *arg, const struct control_answer *answer)
{
	struct sync_call *sync = arg;

	sync->body = json_incref(answer->body);
	sync->fail = answer->fail;
	sync->fail.code = answer->code;
	(void)event_base_loopbreak(sync->base);
}

int control_call_sync(const struct control_url_list *urls, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail)
{
	struct sync_call sync = {.base = event_base_new()};
	struct control_failover *failover;

	if (!sync.base)
		return ls_fail_set(fail, -ENOMEM, "%s: out of memory", request->path);
	/* Stands when the loop ends without an answer, which it does not. */
	(void)ls_fail_set(&sync.fail, LS_ERROR_UNREACHABLE, "%s: no answer", urls->items[0].text);
	failover = control_failover_new(sync.base, urls);
	(void)control_failover_start(failover, request, on_done, &sync);
	(void)event_base_dispatch(sync.base);
	control_failover_free(failover);
	for (int i = 0; i < DRAIN_TURNS; i++)
		(void)event_base_loop(sync.base, EVLOOP_NONBLOCK);
	event_base_free(sync.base);
	if (sync.fail.code < 0) {
		json_decref(sync.body);
		if (fail)
			*fail = sync.fail;
		return sync.fail.code;
	}
	if (ret)
		*ret = sync.body;
	else
		json_decref(sync.body);
	return 0;
}
