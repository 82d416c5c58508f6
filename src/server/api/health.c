/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz and /readyz: tell service managers, load balancers and people if the server is alive and
 * ready. */
#include <errno.h>
#include <string.h>

#include "server/api/endpoints.h"
#include "server/store/watch.h"

static int answer_text(struct call *call, const char *text, struct ls_fail *fail)
{
	if (evbuffer_add(api_call_out(call), text, strlen(text)) != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	call->type = "text/plain";
	return 0;
}

int api_healthz(struct call *call, struct ls_fail *fail)
{
	return answer_text(call, "ok", fail);
}

int api_readyz(struct call *call, struct ls_fail *fail)
{
	int r = store_watch_check(call->server->watch, call->origin.now);

	if (r == 0 && !call->server->stopping)
		return answer_text(call, "ready", fail);
	call->status = HTTP_STATUS_UNAVAILABLE;
	if (call->server->stopping)
		return ls_fail_set(fail, LS_ERROR_CONFLICT, "not ready: the server is stopping");
	return ls_fail_set(fail, r,
	                   "not ready: the storage %s; changes are refused, reading goes on",
	                   r == -ENOSPC ? "is full" : "fails");
}
