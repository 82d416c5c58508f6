/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of sizes and times of the front. */
#ifndef LS_SERVER_HTTP_BOUNDS_H
#define LS_SERVER_HTTP_BOUNDS_H

#include <stddef.h>

enum http_limit {
	HTTP_CONNECTIONS_MAX = 65536, /* fewer when the process may open fewer files */
	HTTP_STRANGERS_KEEP = 4,    /* one part in so many is kept for those without a credential */
	HTTP_FILES_SPARE = 64,      /* open files for everything else, where there are many */
	HTTP_AHEAD_MAX = 16 << 10,  /* stop reading at this many bytes behind a waiting request */
	HTTP_UNSENT_MAX = 64 << 10, /* unsent bytes that the kernel keeps for a connection */
	HTTP_MEMORY_MAX = 64 << 20,
	HTTP_LARGE = 4 << 10, /* what holds more leaves first when there is no memory */
};

/* Deadlines of a connection, in milliseconds. They do not move when a byte comes. Only bodies and
 * answers earn time: one millisecond for each `bytes_per_ms` bytes that were read or sent; so this
 * is their least rate, once body_ms or answer_ms have passed. */
struct httpd_limits {
	size_t connections;    /* at most at once */
	size_t memory;         /* for unread requests and unsent answers, in bytes; those without a
	                          credential get a quarter */
	unsigned handshake_ms; /* TLS */
	unsigned idle_ms;      /* without a byte of a request: before the first, and between two */
	unsigned head_ms;      /* from the first byte of a request's head to its last */
	unsigned body_ms;      /* to read a request's body, plus what it earns */
	unsigned answer_ms;    /* until the client has read the answer, plus what it earns */
	unsigned linger_ms;    /* after the last answer, until the client closes */
	unsigned bytes_per_ms;
	unsigned stop_linger_ms; /* on stop: to answer requests that have arrived, but are unread */
	unsigned stop_grace_ms;  /* on stop: at most, to finish all answers */
};

#define HTTPD_LIMITS                                                                               \
	{                                                                                          \
		.connections = HTTP_CONNECTIONS_MAX, .memory = HTTP_MEMORY_MAX,                    \
		.handshake_ms = 10000, .idle_ms = 60000, .head_ms = 30000, .body_ms = 30000,       \
		.answer_ms = 60000, .linger_ms = 5000, .bytes_per_ms = 16, .stop_linger_ms = 50,   \
		.stop_grace_ms = 5000                                                              \
	}

#endif
