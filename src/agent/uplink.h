/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's link to its control servers: heartbeats in their interval, and beside them a
 * long-poll that is always waiting for the next revision. While no server answers, heartbeats are
 * tried again with back-off, and nothing else. Event loop's thread only.
 *
 * Which netmap is newer: an answer to a request that was sent before the current netmap came may be
 * older than it, so only a higher revision counts there. An answer to a later request is newer
 * whatever its revision says: the server may have been restored, or be another one.
 */
#ifndef LS_AGENT_UPLINK_H
#define LS_AGENT_UPLINK_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "control/trust.h"
#include "control/url.h"
#include "proto/netmap.h"

struct event_base;
struct uplink;

struct uplink_options {
	const struct control_url_list *urls;
	const struct control_trust *trust; /* NULL: the system's authorities */
	const char *node_id;
	const char *token; /* NULL: none */
	unsigned heartbeat_interval_ms;
	unsigned longpoll_timeout_s;
	unsigned request_timeout_ms;
	uint64_t backoff_first_ns; /* between attempts while no server answers */
	uint64_t backoff_cap_ns;
};

/* Called from the loop, never from inside link_*. */
struct uplink_handler {
	/* The heartbeat's body, a new reference; NULL when memory is gone. */
	json_t *(*heartbeat)(void *arg);
	/* A server answered for the first time, again, or another one did. Before its netmap. */
	void (*reachable)(void *arg, const struct control_url *url);
	/* A server answered, this one or again; after `reachable`, before its netmap. */
	void (*answered)(void *arg);
	/* A heartbeat failed; the next attempt comes in retry_ms. */
	void (*failed)(void *arg, const struct ls_fail *fail, unsigned retry_ms);
	/* A netmap that is not older than the last. The callee's to free. */
	void (*netmap)(void *arg, struct netmap *netmap);
	void *arg;
};

/* Copies the options; the first heartbeat goes out at once. */
struct uplink *agent_uplink_new(struct event_base *base, const struct uplink_options *options,
                                const struct uplink_handler *handler);
/* NULL is fine. */
void agent_uplink_free(struct uplink *link);

/* A heartbeat now: something that servers should know has changed. */
void agent_uplink_kick(struct uplink *link);
/* The same after a suspend or a change of network: requests under way are given up first. */
void agent_uplink_restart(struct uplink *link);
/* For requests from now on. */
void agent_uplink_set_token(struct uplink *link, const char *token);

#endif
