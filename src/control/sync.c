/* SPDX-License-Identifier: Apache-2.0 */
#include "control/sync.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/mem.h"
#include "control/dial.h"
#include "control/failover.h"

struct control_sync {
	struct event_base *base;
	struct control_failover *failover;
};

struct sync_call {
	struct event_base *base;
	json_t *body;
	struct ls_fail fail;
};

static void on_done(void *arg, const struct control_answer *answer)
{
	struct sync_call *call = arg;

	call->body = json_incref(answer->body);
	call->fail = answer->fail;
	call->fail.code = answer->code;
	(void)event_base_loopbreak(call->base);
}

int control_sync_new(const struct control_url_list *urls, const struct control_trust *trust,
                     struct known_hosts *known, struct control_sync **ret, struct ls_fail *fail)
{
	struct event_base *base = event_base_new();
	struct control_sync *sync;

	if (!base) {
		(void)ls_fail_set(fail, -ENOMEM, "%s: out of memory", urls->items[0].text);
		return -ENOMEM;
	}
	sync = ls_new(struct control_sync);
	sync->base = base;
	sync->failover = control_failover_new(base, urls, trust, known);
	*ret = sync;
	return 0;
}

void control_sync_free(struct control_sync *sync)
{
	if (!sync)
		return;
	control_failover_free(sync->failover);
	control_dial_drain(sync->base);
	event_base_free(sync->base);
	free(sync);
}

int control_sync_call(struct control_sync *sync, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail)
{
	struct sync_call call = {.base = sync->base};

	/* Reported if the loop ended without an answer, which should not happen. */
	(void)ls_fail_set(&call.fail, LS_ERROR_UNREACHABLE, "%s: no answer",
	                  control_failover_current(sync->failover)->text);
	(void)control_failover_start(sync->failover, request, on_done, &call);
	(void)event_base_dispatch(sync->base);
	if (call.fail.code < 0) {
		json_decref(call.body);
		if (fail)
			*fail = call.fail;
		return call.fail.code;
	}
	if (ret)
		*ret = call.body;
	else
		json_decref(call.body);
	return 0;
}

const struct control_url *control_sync_current(const struct control_sync *sync)
{
	return control_failover_current(sync->failover);
}

int control_call_sync(const struct control_url_list *urls, const struct control_trust *trust,
                      struct known_hosts *known, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail)
{
	struct control_sync *sync;
	int r = control_sync_new(urls, trust, known, &sync, fail);

	if (r < 0)
		return r;
	r = control_sync_call(sync, request, ret, fail);
	control_sync_free(sync);
	return r;
}
