/* SPDX-License-Identifier: Apache-2.0 */
/* Long-polls: requests that wait for the next revision of a network. A waiting poll has a
 * connection, one object and one timer, and uses no CPU time until its network changes, its time is
 * over, or the client goes. Polls are indexed by network and by node, so a change only touches the
 * polls that it concerns. After a change, the polls of a network are answered in slices of
 * a few milliseconds, so that other requests get their turn in between. */
#ifndef LS_SERVER_API_LONGPOLL_H
#define LS_SERVER_API_LONGPOLL_H

#include "server/api/call.h"

struct longpolls;

/* NULL when out of memory. The server is borrowed. */
struct longpolls *api_longpolls_new(struct server *server);
/* Registers as a watcher of the server's state: changes answer polls from here on. */
void api_longpolls_watch(struct longpolls *polls);
/* NULL is fine. Call it after all connections have ended, when no poll is left. */
void api_longpolls_free(struct longpolls *polls);

/* Parks the call until there is news (api_longpoll_has_news), at most `timeout_s`.
 * CALL_LATER: the polls hold the call now. -ENOMEM. */
int api_longpoll_park(struct call *call, uint64_t since, uint64_t timeout_s,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* True when a poll of the node is answered at once: the revision is above `since`, or another node
 * wants probes, which each node is told once, at the same revision. */
bool api_longpoll_has_news(struct node *node, uint64_t since);

/* Ends the node's own poll, with 429, because it sends another one. Polls of admins stay. */
void api_longpolls_replace(struct longpolls *polls, struct node *node);

/* Answers every poll with the current netmap. */
void api_longpolls_answer_all(struct longpolls *polls);

/* Appends the node's current netmap to the answer, inside of `{"netmap": ..}` when `wrapped`.
 * -ENOMEM. */
int api_longpoll_compose(struct call *call, struct node *node, bool wrapped) LS_MUST_CHECK;

#endif
