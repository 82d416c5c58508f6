/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a list of control servers, waited for: for one-shot commands. Runs an event loop
 * of its own; must not be called from inside another's callbacks. */
#ifndef LS_CONTROL_SYNC_H
#define LS_CONTROL_SYNC_H

#include "control/client.h"

/* As control_failover_start. On success *ret (when ret is not NULL) is the answer's body, a
 * reference of the caller's, or NULL for an answer without one (204). Returns fail->code. */
int control_call_sync(const struct control_url_list *urls, const struct control_request *request,
                      json_t **ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
