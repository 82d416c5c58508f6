/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler (handler.h) does with a request. On the front's thread, but for what says else. */
#ifndef LS_SERVER_HTTP_REQUEST_H
#define LS_SERVER_HTTP_REQUEST_H

#include <event2/buffer.h>
#include <stddef.h>

#include "http/field.h"
#include "http/status.h"
#include "wire/ip.h"

struct httpd_request;
struct httpd_stream;

/* A pointer of the handler's own; NULL until it is set. */
void httpd_request_set_user(struct httpd_request *request, void *user);
void *httpd_request_user(const struct httpd_request *request);

/* The address at the other end of the connection. */
const struct ls_ip *httpd_request_peer(const struct httpd_request *request);

/* From head() only: body() follows with at most `max` bytes, or fault(). Not asked for, a body is
 * not kept, and the connection ends after the answer. */
void httpd_request_take_body(struct httpd_request *request, size_t max);

struct httpd_answer {
	enum http_status status;
	const char *type; /* Content-Type; NULL: none */
	const struct http_field *fields;
	size_t field_count;
	struct evbuffer *body; /* emptied, not freed; NULL: none */
};

/* Answers the request. HEAD gets the length of the body and no body. */
void httpd_request_answer(struct httpd_request *request, const struct httpd_answer *answer);

/* A connection that was taken out of the front and its loop. It is still counted among the front's
 * connections, but the front ends it no more. */
struct httpd_detached;

/* Instead of an answer, for a request without a body: the new owner says 101 itself, or whatever it
 * agreed on. NULL when memory is gone, and the connection with it. */
struct httpd_detached *httpd_request_detach(struct httpd_request *request);

/* From one thread at a time, whichever it is, like httpd_detached_free(). The stream is attached to
 * no loop; what the client sent behind its request comes first. */
struct httpd_stream *httpd_detached_stream(struct httpd_detached *detached);
const char *httpd_detached_ahead(const struct httpd_detached *detached, size_t *ret_len);
/* Closes the connection. Before the front is freed; NULL is fine. */
void httpd_detached_free(struct httpd_detached *detached);

#endif
