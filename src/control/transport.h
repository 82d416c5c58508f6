/* SPDX-License-Identifier: Apache-2.0 */
/* What carries HTTP to a server: the one place that knows plain TCP from anything on top of it. */
#ifndef LS_CONTROL_TRANSPORT_H
#define LS_CONTROL_TRANSPORT_H

#include "control/url.h"

struct event_base;
struct bufferevent;

/* A bufferevent without a descriptor that evhttp can connect. The caller owns it. On failure
 * (a scheme that this build cannot speak: LS_ERROR_BAD_VALUE) `fail` has one line. */
int transport_new(struct event_base *base, const struct control_url *url, struct bufferevent **ret,
                  struct ls_fail *fail) LS_MUST_CHECK;

#endif
