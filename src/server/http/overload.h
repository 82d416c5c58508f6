/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when the process has no file descriptor left for a connection. One more is taken all
 * the same, with a descriptor that was kept back, and told 503; and room is made, so that its next
 * try gets in, unless its own source is the one that takes the room (evict.h). */
#ifndef LS_SERVER_HTTP_OVERLOAD_H
#define LS_SERVER_HTTP_OVERLOAD_H

#include "server/http/front.h"

void httpd_overload_init(struct httpd *httpd);
void httpd_overload_done(struct httpd *httpd);

/* A listener could not accept. */
void httpd_overload_full(struct httpd_listener *listener);

#endif
