/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and ends connections, and sets their state and deadline. */
#ifndef LS_SERVER_HTTP_CONNECTION_H
#define LS_SERVER_HTTP_CONNECTION_H

#include "server/http/front.h"

/* Makes a connection, which owns the socket. NULL when out of memory; then the socket is closed.
 * `expired` is called by the timer, which may be too early: see httpd_connection_has_expired(). */
struct httpd_connection *httpd_connection_new(const struct httpd_listener *listener, int fd,
                                              const struct ls_endpoint *peer,
                                              httpd_stream_ready ready, event_callback_fn expired);

void httpd_connection_set_state(struct httpd_connection *conn, enum httpd_state state);
/* Sets the deadline `ms` from now. 0: no deadline. */
void httpd_connection_set_deadline(struct httpd_connection *conn, unsigned ms);
/* Bytes were read or sent: moves the deadline by the time for them. */
void httpd_connection_earn(struct httpd_connection *conn, size_t bytes);
/* For the timer's callback: true when the deadline has passed, else this sets the timer again. */
bool httpd_connection_has_expired(struct httpd_connection *conn);
/* Makes the stream wait for what the state needs: bytes to read, or room to write. */
void httpd_connection_wait(struct httpd_connection *conn);

/* Closes the connection, and tells the handler if that has an unanswered request of it. The memory
 * is freed later, from the event loop. */
void httpd_connection_kill(struct httpd_connection *conn);
/* A credential was accepted. */
void httpd_connection_vouch(struct httpd_connection *conn);
/* Frees and wipes the request and its body. */
void httpd_connection_end_request(struct httpd_connection *conn);
/* Frees what a dead connection still holds, but not the connection itself. */
void httpd_connection_release(struct httpd_connection *conn);
/* Frees the connections that are dead. */
void httpd_connection_reap(struct httpd *httpd);

#endif
