/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP answer of a control server means. */
#ifndef LS_CONTROL_ANSWER_H
#define LS_CONTROL_ANSWER_H

#include "control/request.h"
#include "http/answer.h"

/* Fills code, status, body (a new reference) and fail from a reader that has a complete answer.
 * `what` prefixes the failure: "POST http://a:1/v1/heartbeat". */
void control_answer_read(struct control_answer *answer, const struct http_reader *reader,
                         const char *what);

/* No answer that can be used, and why. */
void control_answer_fail(struct control_answer *answer, const struct ls_fail *problem,
                         const char *what);

#endif
