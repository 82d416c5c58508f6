/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler (handler.h) can do with a request. Call all functions on the front's thread,
 * except where a comment says otherwise. */
#ifndef LS_SERVER_HTTP_REQUEST_H
#define LS_SERVER_HTTP_REQUEST_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "http/field.h"
#include "http/status.h"
#include "server/http/tenant.h"
#include "wire/ip.h"

struct httpd_request;
struct httpd_stream;

/* A pointer for the handler; NULL until it sets one. */
void httpd_request_set_user(struct httpd_request *request, void *user);
void *httpd_request_user(const struct httpd_request *request);

/* The address at the other end of the connection. */
const struct ls_ip *httpd_request_peer(const struct httpd_request *request);
/* True when the connection itself is encrypted; a proxy may have taken TLS off before. */
bool httpd_request_is_tls(const struct httpd_request *request);

/* The handler has accepted the client's credential. When there is no room, connections without one
 * leave first. Behind a proxy this is true for the request only, else for the whole connection. */
void httpd_request_vouch(struct httpd_request *request);
/* Counts the request for a tenant, which then has at most `max`, 2 or more. When it has that many,
 * the oldest whose answer is being sent ends: its client does not read. False when the handler is
 * at work on all of them. */
bool httpd_request_join(struct httpd_request *request, struct httpd_tenant *tenant,
                        unsigned max) LS_MUST_CHECK;

/* Asks for the body; only from head(). body() follows with at most `max` bytes, or fault(), or
 * gone(). A body that nobody asks for is dropped, and the connection ends after the answer. */
void httpd_request_take_body(struct httpd_request *request, size_t max);

struct httpd_answer {
	enum http_status status;
	const char *type; /* Content-Type; NULL: none */
	const struct http_field *fields;
	size_t field_count;
	struct evbuffer *body; /* left empty and not freed; NULL: none */
	size_t shared;         /* so many bytes less it takes in memory, which is shared */
};

/* Answers the request. A HEAD request gets the length of the body, but not the body. */
void httpd_request_answer(struct httpd_request *request, const struct httpd_answer *answer);

/* A connection that was taken away from the front and its loop. It still counts among the front's
 * connections, but the front does not end it any more. */
struct httpd_detached;

/* Takes the connection away instead of an answer, for a request without a body. The caller owns the
 * connection, and sends the answer itself, such as 101. NULL when out of memory; then the
 * connection is closed. */
struct httpd_detached *httpd_request_detach(struct httpd_request *request);

/* These three may be called on any thread, by one thread at a time. The stream is attached to no
 * loop. `ahead` gives the bytes that the front had read behind the request: they come first. */
struct httpd_stream *httpd_detached_stream(struct httpd_detached *detached);
const char *httpd_detached_ahead(const struct httpd_detached *detached, size_t *ret_len);
/* Closes the connection. Must be called before the front is freed. NULL is fine. */
void httpd_detached_free(struct httpd_detached *detached);

#endif
