/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the bytes of a connection and calls its handler. */
#ifndef LS_SERVER_HTTP_SERVE_H
#define LS_SERVER_HTTP_SERVE_H

#include "wire/ip.h"

struct httpd_listener;

/* Serves a new connection and owns its socket. */
void httpd_serve(const struct httpd_listener *listener, int fd, const struct ls_endpoint *peer);

#endif
