/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP and HTTPS to one control server: JSON requests, several at once, each on a connection of its
 * own; connections stay open for the next request to the same server. All calls and callbacks are
 * on the event loop's thread; nothing blocks. Names are resolved by net/resolve, their addresses
 * raced; the environment's proxies are used (proxy.h). Nothing of a request leaves before a server
 * of an https:// URL has shown that it is trusted. Tokens are never logged and never part of a
 * failure.
 */
#ifndef LS_CONTROL_CLIENT_H
#define LS_CONTROL_CLIENT_H

#include "control/request.h"
#include "control/trust.h"

struct event_base;

struct control_client;
struct control_exchange;

/* `trust` is copied; NULL is all zero. */
struct control_client *control_client_new(struct event_base *base,
                                          const struct control_trust *trust);
/* Requests under way are dropped without their callbacks. NULL is fine. */
void control_client_free(struct control_client *client);

/* Starts a request. The exchange is freed by the client after `done`, or by
 * control_exchange_cancel. */
struct control_exchange *control_exchange_start(struct control_client *client,
                                                const struct control_url *url,
                                                const struct control_request *request,
                                                control_done_fn done, void *arg);
/* Ends it without its callback. NULL is fine; not from inside its own callback. */
void control_exchange_cancel(struct control_exchange *exchange);

#endif
