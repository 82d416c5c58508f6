/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_SERVER_HTTP_LISTEN_H
#define LS_SERVER_HTTP_LISTEN_H

#include <event2/http.h>

#include "base/error.h"

/* Takes over a listening socket, on failure too, and hands its connections to `http`; its address
 * goes out in the line server.listening, with `scheme`. When the process has no file descriptors
 * left, connections wait in the backlog until some close. */
int listen_on(struct evhttp *http, struct event_base *base, int fd, const char *scheme,
              struct ls_fail *fail) LS_MUST_CHECK;

/* Raises the process's limit of open files towards `connections`, as far as it may. */
void listen_raise_limit(unsigned long connections);

#endif
