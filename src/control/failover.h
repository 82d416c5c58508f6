/* SPDX-License-Identifier: Apache-2.0 */
/* Sends requests to a list of equivalent control servers: first to the last one that worked (at the
 * start, to list->first), then to the others in order. Goes on to the next server when there is no
 * connection, no answer in time, a 5xx, an answer that is not the protocol's or that request->check
 * refuses, and, for an `ask_all` request, after a refusal (401, 403, 404). Any other answer is
 * final. Event loop's thread only. */
#ifndef LS_CONTROL_FAILOVER_H
#define LS_CONTROL_FAILOVER_H

#include "control/client.h"

struct control_failover;
struct control_call;

/* Copies the list, which must not be empty, and `trust`, which may be NULL (all zero). `known` is
 * as for control_client_new. */
struct control_failover *control_failover_new(struct event_base *base,
                                              const struct control_url_list *urls,
                                              const struct control_trust *trust,
                                              struct known_hosts *known);
/* Drops running calls without calling their callbacks. NULL is fine. */
void control_failover_free(struct control_failover *failover);

/* Each server gets the whole timeout. When every server has failed, the answer is the failure of
 * the only server, or one line with the reasons of all: the code of the first refusal if all
 * refuse, LS_ERROR_UNREACHABLE if none but those that refuse gave an HTTP answer, else
 * LS_ERROR_REMOTE. A `once` request is not repeated if a server may have received it. */
struct control_call *control_failover_start(struct control_failover *failover,
                                            const struct control_request *request,
                                            control_done_fn done, void *arg);
/* Cancels the call without calling its callback. NULL is fine. Must not be called from the call's
 * own callback. */
void control_call_cancel(struct control_call *call);

/* The server that the next call asks first. */
const struct control_url *control_failover_current(const struct control_failover *failover);

#endif
