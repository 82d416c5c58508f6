/* SPDX-License-Identifier: Apache-2.0 */
/* Answers on their way out. */
#ifndef LS_SERVER_HTTP_SEND_H
#define LS_SERVER_HTTP_SEND_H

#include "server/http/front.h"

/* Sends an answer in the state HTTPD_WORK: `head`, then `body` (NULL: none), which is emptied. Then
 * the connection is idle, lingers, still sends, or is dead. */
void httpd_send(struct httpd_connection *conn, const struct ls_buf *head, struct evbuffer *body,
                bool keep_alive);
/* Goes on with it. */
void httpd_send_more(struct httpd_connection *conn);
/* Tells the client that it may send the body. */
void httpd_send_continue(struct httpd_connection *conn);

#endif
