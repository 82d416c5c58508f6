/* SPDX-License-Identifier: Apache-2.0 */
/* How much and how long, on the way in and out. */
#ifndef LS_SERVER_HTTP_BOUNDS_H
#define LS_SERVER_HTTP_BOUNDS_H

enum http_limit {
	HTTP_BODY_MAX = 256 << 10, /* bytes of any request's body */
	HTTP_BODY_MAX_ACL = 4 << 20,
	HTTP_HEADER_MAX = 16 << 10,   /* bytes of a request's line and headers */
	HTTP_IDLE_S = 60,             /* a client that neither sends nor takes a byte so long */
	HTTP_CONNECTIONS_MAX = 65536, /* less when the process may not open so many files */
	HTTP_LINGER_MS = 50,          /* on stop: for requests that have arrived, but are unread */
	HTTP_GRACE_MS = 5000,         /* on stop: for answers that are on their way out */
};

#endif
