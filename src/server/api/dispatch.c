/* SPDX-License-Identifier: Apache-2.0 */
/* When the head has come, the dispatcher decides route, credential and the limit of the body. It
 * then holds the call until the body has come, and calls the handler. */
#include "server/api/dispatch.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "server/api/auth.h"
#include "server/api/browser.h"
#include "server/api/endpoints.h"
#include "server/api/page.h"
#include "server/api/reply.h"

/* Takes path and query as the client has sent them. They are decoded later, and only once. */
static int read_target(struct call *call, struct ls_fail *fail)
{
	const struct http_head *head = call->head;

	if (strlen(head->path) >= CALL_PATH_MAX)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "no such path");
	call->path = ls_strdup(head->path);
	return head->query && *head->query != '\0' ? api_call_read_query(call, head->query, fail)
	                                           : 0;
}

static int find_object(struct call *call, struct ls_fail *fail)
{
	switch (api_endpoint(call->endpoint)->object) {
	case OBJECT_NONE:
		return 0;
	case OBJECT_NETWORK:
		call->network = state_network(call->server->state, call->params[0]);
		return call->network ? 0 : ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown network");
	case OBJECT_NODE:
		call->node = state_node(call->server->state, call->params[0]);
		return call->node ? 0 : ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown node");
	}
	return -EINVAL;
}

/* Checks the credential before the answer can tell which objects exist. */
static int authorise(struct call *call, struct ls_fail *fail)
{
	int r;

	switch (proto_endpoint_row(call->endpoint)->auth) {
	case PROTO_AUTH_NONE:
		return find_object(call, fail);
	case PROTO_AUTH_NODE_IN_BODY:
		/* Its handler checks the token when it has read the node's id from the body. */
		r = api_auth_any(call, fail);
		return r < 0 ? r : find_object(call, fail);
	case PROTO_AUTH_ADMIN:
		r = api_auth_admin(call, fail);
		return r < 0 ? r : find_object(call, fail);
	case PROTO_AUTH_NODE:
		(void)find_object(call, fail);
		return api_auth_node(call, call->node, fail);
	}
	return -EINVAL;
}

static int read_head(struct call *call, struct ls_fail *fail)
{
	char allow[ENDPOINT_ALLOW_MAX];
	int r = read_target(call, fail);

	if (r < 0)
		return r;
	r = api_endpoint_find(call, call->head->method, allow, fail);
	if (r == LS_ERROR_USAGE)
		api_call_header(call, "Allow", allow);
	if (r < 0)
		return r;
	if ((api_endpoint(call->endpoint)->flags & ENDPOINT_PAGE) && api_browser_asks(call->head))
		call->page = api_page_failure;
	return authorise(call, fail);
}

/* Some clients send a body, such as {}, to endpoints that take none: it is read and ignored. */
static size_t body_max(const struct call *call)
{
	enum proto_method method = proto_endpoint_row(call->endpoint)->method;
	size_t max = api_endpoint(call->endpoint)->body_max;
	bool may_have = method == PROTO_POST || method == PROTO_PUT;

	return max == 0 && may_have && http_head_has_body(call->head) ? ENDPOINT_BODY_MAX : max;
}

static void run(struct call *call, int r, struct ls_fail *fail)
{
	if (r == 0)
		r = api_endpoint(call->endpoint)->handle(call, fail);
	if (r != CALL_LATER)
		api_call_send(call, r, fail);
}

/* The client has gone before its body was complete. */
static void drop(struct call *call)
{
	const struct ls_fail fail = {.text = "the client has gone"};

	api_call_send(call, LS_ERROR_UNREACHABLE, &fail);
}

static void on_head(void *context, struct httpd_request *request, const struct http_head *head)
{
	struct call *call = api_call_new(context, request, head);
	struct ls_fail fail = {0};
	int r = read_head(call, &fail);
	size_t max = r == 0 ? body_max(call) : 0;

	if (max == 0) {
		run(call, r, &fail);
		return;
	}
	call->head = NULL;
	call->gone = drop;
	httpd_request_take_body(request, max);
}

static int read_body(struct call *call, const struct ls_buf *body, struct ls_fail *fail)
{
	const struct endpoint *endpoint = api_endpoint(call->endpoint);

	if (endpoint->body_max == 0)
		return 0;
	return endpoint->flags & ENDPOINT_FORM ? api_call_read_form(call, body, fail)
	                                       : api_call_read_body(call, body, fail);
}

static void on_body(void *context, struct httpd_request *request, const struct ls_buf *body)
{
	struct call *call = httpd_request_user(request);
	struct ls_fail fail = {0};
	int r;

	(void)context;
	call->gone = NULL;
	/* The request is complete only now. Its body may have taken long, and a secret in it may
	 * have expired meanwhile. */
	call->begin_ns = ls_now_ns();
	call->origin.now = ls_wall_s();
	/* The object may have been deleted while the body came. */
	r = find_object(call, &fail);
	if (r == 0)
		r = read_body(call, body, &fail);
	run(call, r, &fail);
}

static void on_fault(void *context, struct httpd_request *request, enum http_status status,
                     const char *text)
{
	struct call *call = httpd_request_user(request);
	struct ls_fail fail;

	(void)context;
	if (!call) {
		api_reply_fault(request, status, text);
		return;
	}
	call->status = status;
	if (status == HTTP_STATUS_UNAVAILABLE)
		api_call_header(call, "Retry-After", REPLY_RETRY_AFTER);
	(void)ls_fail_set(&fail, LS_ERROR_SYNTAX, "%s", text);
	api_call_send(call, fail.code, &fail);
}

static void on_half_closed(void *context, struct httpd_request *request)
{
	struct call *call = httpd_request_user(request);

	(void)context;
	if (call->half_closed)
		call->half_closed(call);
}

static void on_gone(void *context, struct httpd_request *request)
{
	struct call *call = httpd_request_user(request);

	(void)context;
	call->request = NULL;
	if (call->gone)
		call->gone(call);
}

const struct httpd_handler api_dispatch_handler = {.head = on_head,
                                                   .body = on_body,
                                                   .fault = on_fault,
                                                   .half_closed = on_half_closed,
                                                   .gone = on_gone};
