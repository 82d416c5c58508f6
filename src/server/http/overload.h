/* SPDX-License-Identifier: Apache-2.0 */
/* Handles a connection for which the process has no file descriptor. The front accepts it with a
 * reserved descriptor, answers 503 and closes it. It also makes room (evict.h), so that the
 * client's next try works, unless its own source holds too many connections. */
#ifndef LS_SERVER_HTTP_OVERLOAD_H
#define LS_SERVER_HTTP_OVERLOAD_H

#include "server/http/front.h"

void httpd_overload_init(struct httpd *httpd);
void httpd_overload_done(struct httpd *httpd);

/* Call it when a listener could not accept a connection. */
void httpd_overload_full(struct httpd_listener *listener);

#endif
