/* SPDX-License-Identifier: Apache-2.0 */
/* Connects the HTTP reader and writer of src/http with a bufferevent. */
#ifndef LS_CONTROL_HTTP_IO_H
#define LS_CONTROL_HTTP_IO_H

#include "http/answer.h"
#include "http/request.h"

struct bufferevent;

/* Sends a request. Its text holds credentials, so its memory is wiped after sending. Fails like
 * http_write_request. */
int control_http_send(struct bufferevent *bev, const struct http_request *request,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Feeds received bytes to the reader. Returns false when bytes are left after a complete answer. */
bool control_http_receive(struct bufferevent *bev, struct http_reader *reader);

#endif
