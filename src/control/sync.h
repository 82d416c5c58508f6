/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a list of control servers, waited for: for one-shot commands. Runs an event loop of
 * its own; must not be used from inside another's callbacks. */
#ifndef LS_CONTROL_SYNC_H
#define LS_CONTROL_SYNC_H

#include "control/client.h"

struct control_sync;

/* As control_failover_new. Connections, and which server worked last, are kept from one call to
 * the next. */
int control_sync_new(const struct control_url_list *urls, const struct control_trust *trust,
                     struct control_sync **ret, struct ls_fail *fail) LS_MUST_CHECK;
void control_sync_free(struct control_sync *sync); /* NULL is fine */

/* As control_failover_start. On success *ret (when ret is not NULL) is the answer's body, a
 * reference of the caller's, or NULL for an answer without one (204). Returns fail->code. */
int control_sync_call(struct control_sync *sync, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail) LS_MUST_CHECK;

/* The server that is asked first: the last that worked. */
const struct control_url *control_sync_current(const struct control_sync *sync);

/* The same for a single request. */
int control_call_sync(const struct control_url_list *urls, const struct control_trust *trust,
                      const struct control_request *request, json_t **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;

#endif
