/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP between its reader and writer and a bufferevent. */
#ifndef LS_CONTROL_HTTP_IO_H
#define LS_CONTROL_HTTP_IO_H

#include "http/answer.h"
#include "http/request.h"

struct bufferevent;

/* Sends it; what is in memory of it is wiped once it is out, since it holds credentials. Fails as
 * http_write_request. */
int control_http_send(struct bufferevent *bev, const struct http_request *request,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Hands the reader what has come. True when nothing is left over after the answer, or the answer is
 * not complete. */
bool control_http_receive(struct bufferevent *bev, struct http_reader *reader);

#endif
