/* SPDX-License-Identifier: Apache-2.0 */
/* Turns an HTTP answer into a struct control_answer. */
#ifndef LS_CONTROL_ANSWER_H
#define LS_CONTROL_ANSWER_H

#include "control/request.h"
#include "http/answer.h"

/* Fills code, status, body (a new reference) and fail from a reader with a complete answer. `kind`
 * limits how many values it may have; LS_ERROR_LIMIT. `what` prefixes the failure: "POST
 * http://a:1/v1/heartbeat". */
void control_answer_read(struct control_answer *answer, const struct http_reader *reader,
                         enum proto_answer kind, const char *what);

/* Fills code and fail when there is no usable answer. */
void control_answer_fail(struct control_answer *answer, const struct ls_fail *problem,
                         const char *what);

#endif
