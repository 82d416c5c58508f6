/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers requests. All of it happens on the front's thread.
 *
 * The front calls head() when the head of a request has come, before a byte of its body is kept.
 * The handler answers, then or later, or first asks for the body, or takes the connection away for
 * an upgrade (request.h). A request ends with its answer, with being detached, or with gone(); then
 * its handle is not used any more. The client's next request is looked at when it has taken the
 * answer. */
#ifndef LS_SERVER_HTTP_HANDLER_H
#define LS_SERVER_HTTP_HANDLER_H

#include "base/str.h"
#include "http/request.h"
#include "http/status.h"

struct httpd_request;

struct httpd_handler {
	/* A request. `head` and its texts live until head() returns. */
	void (*head)(void *context, struct httpd_request *request, const struct http_head *head);
	/* The body that was asked for is complete; it lives until the answer. */
	void (*body)(void *context, struct httpd_request *request, const struct ls_buf *body);
	/* The request cannot be read on, or not at all, and then head() was not called for it. To
	 * be answered at once, with that status and text; the connection ends after it. */
	void (*fault)(void *context, struct httpd_request *request, enum http_status status,
	              const char *text);
	/* The client sends nothing more. It has gone, or reads a last answer: only an answer finds
	 * out, so it should come soon. NULL: no answer of this handler takes long. */
	void (*half_closed)(void *context, struct httpd_request *request);
	/* The connection is lost before the answer. Never called from the calls below. */
	void (*gone)(void *context, struct httpd_request *request);
};

#endif
