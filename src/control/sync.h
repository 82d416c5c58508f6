/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking requests to a list of control servers, for one-shot commands. Runs its own event loop;
 * must not be used inside another loop's callbacks. */
#ifndef LS_CONTROL_SYNC_H
#define LS_CONTROL_SYNC_H

#include "control/client.h"

struct control_sync;

/* Like control_failover_new. Open connections, and which server worked last, are kept from one call
 * to the next. */
int control_sync_new(const struct control_url_list *urls, const struct control_trust *trust,
                     struct known_hosts *known, struct control_sync **ret,
                     struct ls_fail *fail) LS_MUST_CHECK;
void control_sync_free(struct control_sync *sync); /* NULL is fine */

/* Like control_failover_start, but waits. On success *ret (when ret is not NULL) is the answer's
 * body, a reference that the caller owns, or NULL for an answer without one (204). Returns
 * fail->code. */
int control_sync_call(struct control_sync *sync, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail) LS_MUST_CHECK;

/* The server that the next call asks first: the last one that worked. */
const struct control_url *control_sync_current(const struct control_sync *sync);

/* Makes a single request. */
int control_call_sync(const struct control_url_list *urls, const struct control_trust *trust,
                      struct known_hosts *known, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
