/* SPDX-License-Identifier: Apache-2.0 */
/* Sends answers. */
#ifndef LS_SERVER_HTTP_SEND_H
#define LS_SERVER_HTTP_SEND_H

#include "server/http/front.h"

/* Sends an answer: `head`, then `body` (NULL: none), which is left empty; it takes `shared` bytes
 * less in memory than it is long. The connection must be in the state HTTPD_WORK; afterwards it is
 * in HTTPD_SEND, or in HTTPD_IDLE, HTTPD_LINGER or HTTPD_DEAD when all is sent or the sending
 * failed. */
void httpd_send(struct httpd_connection *conn, const struct ls_buf *head, struct evbuffer *body,
                size_t shared, bool keep_alive);
/* Sends more of the answer in the state HTTPD_SEND. */
void httpd_send_more(struct httpd_connection *conn);
/* Sends "100 Continue": the client may send the body. */
void httpd_send_continue(struct httpd_connection *conn);

#endif
