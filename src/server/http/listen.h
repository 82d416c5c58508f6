/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_SERVER_HTTP_LISTEN_H
#define LS_SERVER_HTTP_LISTEN_H

#include <event2/http.h>

#include "base/error.h"

struct source_trust;

/* Where connections go. */
struct listen_target {
	struct evhttp *http;
	struct event_base *base;
	const struct source_trust *proxies; /* borrowed as long as `http` lives */
};

/* Takes over a listening socket, on failure too, and hands its connections on; its address goes out
 * in the line server.listening, with `scheme`. */
int httpd_listen_on(const struct listen_target *target, int fd, const char *scheme,
                    struct ls_fail *fail) LS_MUST_CHECK;

/* Sets the process's limit of open files to `connections`, or as near as it may. */
void httpd_listen_set_limit(unsigned long connections);

#endif
