/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_SERVER_HTTP_LISTEN_H
#define LS_SERVER_HTTP_LISTEN_H

#include <event2/http.h>

#include "base/error.h"
#include "wire/ip.h"

/* Listens on one address and hands its connections to `http`. Port 0 takes any; the one that it
 * became is in the line server.listening. When the process has no file descriptors left,
 * connections wait in the backlog until some close. `scheme` is for that line. */
int listen_on(struct evhttp *http, struct event_base *base, const struct ls_endpoint *address,
              const char *scheme, struct ls_fail *fail) LS_MUST_CHECK;

/* Raises the process's limit of open files towards `connections`, as far as it may. */
void listen_raise_limit(unsigned long connections);

#endif
