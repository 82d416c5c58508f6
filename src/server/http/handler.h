/* SPDX-License-Identifier: Apache-2.0 */
/* A handler answers requests. All calls are made on the front's thread.
 *
 * The front calls head() when the head of a request has come, before it keeps a byte of the body.
 * The handler answers at once or later, or first asks for the body, or detaches the connection for
 * an upgrade (request.h). A request ends with its answer, with a detach, or with gone(); its
 * pointer must not be used afterwards. The front handles the client's next request when the answer
 * is completely sent. */
#ifndef LS_SERVER_HTTP_HANDLER_H
#define LS_SERVER_HTTP_HANDLER_H

#include "base/str.h"
#include "http/request.h"
#include "http/status.h"

struct httpd_request;

struct httpd_handler {
	/* A new request. `head` and its texts live until head() returns. */
	void (*head)(void *context, struct httpd_request *request, const struct http_head *head);
	/* The body that the handler asked for is complete; it lives until the answer. */
	void (*body)(void *context, struct httpd_request *request, const struct ls_buf *body);
	/* The rest of the request cannot be read, or its head is bad; then head() was not called.
	 * The handler must answer before it returns, with this status and text. The connection ends
	 * after the answer. */
	void (*fault)(void *context, struct httpd_request *request, enum http_status status,
	              const char *text);
	/* The client sends nothing more. It has gone, or waits for a last answer; only sending
	 * shows which, so the handler should answer soon. NULL: its answers never take long. */
	void (*half_closed)(void *context, struct httpd_request *request);
	/* The connection was lost before the answer. Never called from within a call of
	 * httpd_request_answer() or httpd_request_detach() for this request. */
	void (*gone)(void *context, struct httpd_request *request);
};

#endif
