/* SPDX-License-Identifier: Apache-2.0 */
/* Decides who gets in when there is no room for one more connection: the newcomer, for whom the
 * connection that evict.h finds leaves. Connections without a credential get at most three quarters
 * of the room, so that they do not take that of others. Only when all connections are at work, the
 * newcomer gets 503. */
#ifndef LS_SERVER_HTTP_OVERLOAD_H
#define LS_SERVER_HTTP_OVERLOAD_H

#include "server/http/front.h"

void httpd_overload_init(struct httpd *httpd);
void httpd_overload_done(struct httpd *httpd);

/* A listener has accepted a connection. False when there is no room for it; then it is closed. */
bool httpd_overload_admit(const struct httpd_listener *listener, int fd) LS_MUST_CHECK;
/* Call it when a listener could not accept a connection. */
void httpd_overload_full(struct httpd_listener *listener);

#endif
