/* SPDX-License-Identifier: Apache-2.0 */
/* The requests to join a network that wait for approval, and how many of them each source has. */
#ifndef LS_SERVER_STATE_JOINERS_H
#define LS_SERVER_STATE_JOINERS_H

#include "server/state/objects.h"

/* One source (ls_ip_source) of requests that wait. It exists only while it has some. */
struct joiner_source {
	struct ls_ip ip;
	size_t count;
};

/* The node's record is a request that waits. */
void state_joiners_add(struct node *node);
/* Does nothing when the node is none of them. */
void state_joiners_remove(struct node *node);
/* The source of this address; NULL when no request of it waits. */
const struct joiner_source *state_joiners_source(const struct network *network,
                                                 const struct ls_ip *ip);

#endif
