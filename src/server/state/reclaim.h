/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to join that nobody has approved: deletes those that are in the way of a new node, and,
 * some time later, all that have expired. */
#ifndef LS_SERVER_STATE_RECLAIM_H
#define LS_SERVER_STATE_RECLAIM_H

#include "server/state/change.h"

enum {
	/* At most this many nodes of a network wait for approval, and never more than half of its
	 * addresses. */
	STATE_PENDING_MAX = 1000,
	/* At most this many requests of one source wait in a network: as many as an office behind
	 * one address has machines. */
	STATE_WAITING_MAX = 48,
	/* Expired requests are deleted this often, so that many of them take few commits. */
	STATE_SWEEP_EVERY_S = 10,
	/* No request is deleted so soon after the start, or after somebody has set the clock: a
	 * wrong clock may be set right again, but what is deleted does not come back. */
	STATE_SWEEP_START_S = 15,
	STATE_SWEEP_CLOCK_S = 600,
};

/* True when the network has the maximum of nodes that wait for approval, without those that the
 * change deletes. Registration by URL is then refused. */
bool state_pending_is_full(const struct change *c);
/* How many requests of one source (ls_ip_source) wait, without those that the change deletes. */
size_t state_waiting_from(const struct change *c, const struct ls_ip *ip);
/* For a check: makes the change delete requests that are in the way of a new node: the one with its
 * name, the one with its key, and one more when the network is full. With an enrolment token, the
 * first two need not have expired. When the network is full and no request has expired, the source
 * that has most gives way: to a token, and to a source that has less. */
void state_reclaim_for(struct change *c, const char *name, const struct wg_public_key *key);
/* For apply(): removes these nodes from memory. */
void state_reclaim_apply(struct change *c);

/* Begins to delete the requests that have expired. */
void state_sweep_run(struct server_state *state);
/* Deletes nothing for some seconds, as times may be wrong. */
void state_sweep_pause(struct server_state *state, unsigned pause_s);

#endif
