/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for a network's next revision. A waiting one costs its connection, one object
 * and one timer; nothing looks at it until its network changes, its time is up, or the client goes
 * away. They are kept by network and by node, so that a change costs no more than the polls that it
 * concerns. After a change the polls of a network are answered in slices, so that other requests
 * get their turn in between. */
#ifndef LS_SERVER_API_LONGPOLL_H
#define LS_SERVER_API_LONGPOLL_H

#include "server/api/call.h"

struct longpolls;

/* NULL when memory is gone. The server is borrowed. */
struct longpolls *api_longpolls_new(struct server *server);
/* From now on the changes of the server's state answer the polls. */
void api_longpolls_watch(struct longpolls *polls);
/* NULL is fine. No poll waits any more: the connections are gone. */
void api_longpolls_free(struct longpolls *polls);

/* Parks the call until the revision of its node's network is above `since`, at most `timeout_s`.
 * CALL_LATER: the call is taken over. */
int api_longpoll_park(struct call *call, uint64_t since, uint64_t timeout_s,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* Answers every poll with the current netmap. */
void api_longpolls_answer_all(struct longpolls *polls);

/* Appends the node's netmap as it is now, inside of `{"netmap": ..}` when `wrapped`. */
int api_longpoll_compose(struct server *server, struct node *node, bool wrapped,
                         struct evbuffer *out) LS_MUST_CHECK;

#endif
