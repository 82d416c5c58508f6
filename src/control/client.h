/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP and HTTPS client for JSON requests to control servers. Several requests can run at once,
 * each on its own connection; connections stay open for the next request to the same server. All
 * calls and callbacks are on the event loop's thread; nothing blocks. Names are resolved by
 * net/resolve, their addresses raced (net/race); the environment's proxies are used (proxy.h). With
 * an https:// URL, no byte of a request is sent before the server has proved that it is trusted.
 * Tokens are never logged and never part of a failure. */
#ifndef LS_CONTROL_CLIENT_H
#define LS_CONTROL_CLIENT_H

#include "control/request.h"
#include "control/trust.h"

struct event_base;
struct known_hosts;

struct control_client;
struct control_exchange;

/* Copies `trust`; NULL stands for an all-zero one. Borrows `known` (NULL: none): it has addresses
 * to try when a name cannot be resolved, and gets those at which a control server has answered. */
struct control_client *control_client_new(struct event_base *base,
                                          const struct control_trust *trust,
                                          struct known_hosts *known);
/* Drops running requests without calling their callbacks. NULL is fine. */
void control_client_free(struct control_client *client);

/* Starts a request. The client frees the exchange after `done`; control_exchange_cancel frees it,
 * too. */
struct control_exchange *control_exchange_start(struct control_client *client,
                                                const struct control_url *url,
                                                const struct control_request *request,
                                                control_done_fn done, void *arg);
/* Cancels the request without calling its callback. NULL is fine. Must not be called from the
 * request's own callback. */
void control_exchange_cancel(struct control_exchange *exchange);

#endif
