/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for a network's next revision. A waiting one costs its connection, one object
 * and one timer; nothing looks at it until its network changes, its time is up, or the client goes
 * away. After a change the polls of a network are answered in slices, so that other requests get
 * their turn in between. */
#ifndef LS_SERVER_API_LONGPOLL_H
#define LS_SERVER_API_LONGPOLL_H

#include "server/api/call.h"

/* Parks the call's request until the revision of its node's network is above `since`, at most
 * `timeout_s`. Takes the request over and sets call->deferred. */
int api_longpoll_park(struct call *call, uint64_t since, uint64_t timeout_s,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* A network has changed: has its polls answered soon. Frees nothing. */
void api_longpoll_network_changed(struct server *server, struct network *network);
/* The node goes away: its polls get 404 at once. */
void api_longpoll_node_gone(struct node *node);
/* The callback of server->wake. */
void api_longpoll_run(evutil_socket_t fd, short what, void *arg);
/* Answers every poll with the current netmap. */
void api_longpoll_answer_all(struct server *server);

/* Appends the node's netmap as it is now, inside of `{"netmap": ..}` when `wrapped`. */
int api_longpoll_compose(struct server *server, struct node *node, bool wrapped,
                         struct evbuffer *out) LS_MUST_CHECK;

#endif
