/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests of one node, with its own token, run at once: NODE_REQUESTS_MAX. So a node that
 * does not read its answers holds few of them. A new long-poll ends the node's older one, which
 * clients abandon when their network changes. */
#ifndef LS_SERVER_API_NODE_REQUESTS_H
#define LS_SERVER_API_NODE_REQUESTS_H

#include "server/api/call.h"

enum {
	NODE_REQUESTS_MAX = 3,
};

/* Counts the call for the node until its answer is sent. LS_ERROR_AUTH, with status 429, when the
 * node has too many. */
int api_node_requests_join(struct call *call, struct node *node,
                           struct ls_fail *fail) LS_MUST_CHECK;

#endif
