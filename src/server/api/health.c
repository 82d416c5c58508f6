/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz and /readyz: tell service managers, load balancers and people if the server is alive and
 * ready. */
#include <errno.h>
#include <string.h>

#include "server/api/endpoints.h"

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

static const char *what_fails(int code)
{
	switch (code) {
	case -ENOSPC:
		return "is full";
	case -EBUSY:
		return "is locked by another program";
	case -ESTALE:
		return "was moved, replaced or deleted";
	default:
		return "fails";
	}
}

int api_readyz(struct call *call, struct ls_fail *fail)
{
	struct store *store = state_store(call->server->state);
	struct store_status status;

	store->ops->status(store, &status);
	if (status.failure == 0 && !call->server->stopping)
		return answer_text(call, "ready", fail);
	call->status = HTTP_STATUS_UNAVAILABLE;
	if (call->server->stopping)
		return ls_fail_set(fail, LS_ERROR_CONFLICT, "not ready: the server is stopping");
	return ls_fail_set(fail, status.failure,
	                   "not ready: the storage %s; changes are refused, reading goes on",
	                   what_fails(status.failure));
}
