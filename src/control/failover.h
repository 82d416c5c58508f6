/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a list of equivalent control servers: the last that worked first (the list says
 * which, to begin with), then the others in their order. No connection, no answer in time, 5xx and
 * answers that are not the protocol's go on to the next; any other answer is the answer. Event
 * loop's thread only.
 */
#ifndef LS_CONTROL_FAILOVER_H
#define LS_CONTROL_FAILOVER_H

#include "control/client.h"

struct control_failover;
struct control_call;

/* Copies the list, which must not be empty, and `trust`, which may be NULL (all zero). */
struct control_failover *control_failover_new(struct event_base *base,
                                              const struct control_url_list *urls,
                                              const struct control_trust *trust);
/* Calls under way are dropped without their callbacks. NULL is fine. */
void control_failover_free(struct control_failover *failover);

/* The timeout counts anew for each server. When every server failed, the answer is the only one's
 * own failure, or one line with the reason of each: LS_ERROR_UNREACHABLE if none gave an HTTP
 * answer, else LS_ERROR_REMOTE. A `once` request that may have been received is not repeated. */
struct control_call *control_failover_start(struct control_failover *failover,
                                            const struct control_request *request,
                                            control_done_fn done, void *arg);
/* Ends it without its callback. NULL is fine; not from inside its own callback. */
void control_call_cancel(struct control_call *call);

/* The server that is asked first. */
const struct control_url *control_failover_current(const struct control_failover *failover);

#endif
