/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of HTTP/1.1 (RFC 9110, 9112), as a client writes them. */
#ifndef LS_HTTP_REQUEST_H
#define LS_HTTP_REQUEST_H

#include "base/error.h"
#include "base/str.h"

/* What goes out. All pointers are borrowed; none may hold control characters. */
struct http_request {
	const char *method;
	const char *target;              /* "/path?query", "http://host/path" or "host:port" */
	const char *host;                /* "host:port" */
	const char *authorization;       /* NULL for none */
	const char *proxy_authorization; /* NULL for none */
	const char *body;                /* JSON; NULL for none */
};

/* Appends head and body. LS_ERROR_BAD_VALUE for control characters in a field, -ENOMEM. */
int http_write_request(struct ls_buf *buf, const struct http_request *request,
                       struct ls_fail *fail) LS_MUST_CHECK;

#endif
