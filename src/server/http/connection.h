/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: its state, its deadline, its end. */
#ifndef LS_SERVER_HTTP_CONNECTION_H
#define LS_SERVER_HTTP_CONNECTION_H

#include "server/http/front.h"

/* Makes a connection of a socket, which it takes over; NULL when memory is gone, and then that is
 * closed. `expired` is called when the deadline of a state has passed. */
struct httpd_connection *httpd_connection_new(const struct httpd_listener *listener, int fd,
                                              const struct ls_endpoint *peer,
                                              httpd_stream_ready ready, event_callback_fn expired);

void httpd_connection_set_state(struct httpd_connection *conn, enum httpd_state state);
/* In milliseconds from now, with the time that `bytes` take on top; 0 and 0: none. */
void httpd_connection_set_deadline(struct httpd_connection *conn, unsigned ms, uint64_t bytes);
/* From the timer: true when the deadline has passed, else the timer is set anew. */
bool httpd_connection_has_expired(struct httpd_connection *conn);
/* Waits for what the state needs. */
void httpd_connection_wait(struct httpd_connection *conn);

/* Closes it and tells the handler, if that has a request of it. The memory lives until the loop
 * comes round. */
void httpd_connection_kill(struct httpd_connection *conn);
/* Forgets the request, and the bytes of it. */
void httpd_connection_end_request(struct httpd_connection *conn);
/* Frees the dead ones. */
void httpd_connection_reap(struct httpd *httpd);

#endif
