/* SPDX-License-Identifier: Apache-2.0 */
/* How much and how long, on the way in and out. */
#ifndef LS_SERVER_HTTP_BOUNDS_H
#define LS_SERVER_HTTP_BOUNDS_H

#include <stddef.h>

enum http_limit {
	HTTP_BODY_MAX = 256 << 10, /* bytes of any request's body */
	HTTP_BODY_MAX_ACL = 4 << 20,
	HTTP_CONNECTIONS_MAX = 65536, /* less when the process may not open so many files */
	HTTP_AHEAD_MAX = 16 << 10,    /* bytes kept that come behind a request that waits */
};

/* Deadlines of a connection, in milliseconds. What has a size gets the time that its bytes take at
 * `bytes_per_ms` on top. */
struct httpd_limits {
	unsigned handshake_ms; /* TLS */
	unsigned idle_ms;      /* without a byte of a request: before the first, and between two */
	unsigned head_ms;      /* of a request, from its first byte to its last */
	unsigned body_ms;      /* of a request, on top of its size */
	unsigned answer_ms;    /* until the client has taken it, on top of its size */
	unsigned linger_ms;    /* after the last answer, until the client closes */
	unsigned bytes_per_ms;
	unsigned stop_linger_ms; /* on stop: for requests that have arrived, but are unread */
	unsigned stop_grace_ms;  /* on stop: for answers that are on their way out */
};

#define HTTPD_LIMITS                                                                               \
	{                                                                                          \
		.handshake_ms = 10000, .idle_ms = 60000, .head_ms = 30000, .body_ms = 30000,       \
		.answer_ms = 60000, .linger_ms = 5000, .bytes_per_ms = 16, .stop_linger_ms = 50,   \
		.stop_grace_ms = 5000                                                              \
	}

#endif
