/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's link to its control servers: regular heartbeats, and beside them a long-poll that
 * always waits for the next revision. While no server answers, it only retries heartbeats with
 * back-off. Event loop's thread only.
 *
 * Which netmap is newer: the answer to a request that was sent before the current netmap came may
 * be older than it, so it must have a higher revision. The answer to a later request is newer even
 * if its revision is not: the server may have been restored, or it may be another server.
 *
 * A 200 without a netmap of this node is no answer of its servers: the next server is asked. */
#ifndef LS_AGENT_UPLINK_H
#define LS_AGENT_UPLINK_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "control/request.h"
#include "control/trust.h"
#include "control/url.h"
#include "proto/netmap.h"

struct event_base;
struct known_hosts;
struct uplink;

struct uplink_options {
	const struct control_url_list *urls;
	const struct control_trust *trust; /* NULL: the system's authorities */
	struct known_hosts *known;         /* as for control_client_new */
	const char *node_id;
	const char *token; /* NULL: none */
	unsigned heartbeat_interval_ms;
	unsigned longpoll_timeout_s;
	unsigned request_timeout_ms;
	uint64_t backoff_first_ns; /* first wait between attempts while no server answers */
	uint64_t backoff_cap_ns;
};

/* Called from the event loop, never inside agent_uplink_*. */
struct uplink_handler {
	/* Returns the heartbeat's body, a new reference; NULL when out of memory. */
	json_t *(*heartbeat)(void *arg);
	/* A server has answered for the first time, or for the first time after a failure, or
	 * another server has answered. Called before `netmap`. */
	void (*reachable)(void *arg, const struct control_url *url);
	/* A server has answered a request that was started at asked_ns. Called for each answer,
	 * after `reachable` and before `netmap`. */
	void (*answered)(void *arg, uint64_t asked_ns);
	/* All servers have failed a heartbeat; the next one follows in retry_ms. */
	void (*failed)(void *arg, const struct control_answer *answer, unsigned retry_ms);
	/* A netmap of this node, from `url`, that is not older than the last one. The callee frees
	 * it. */
	void (*netmap)(void *arg, struct netmap *netmap, const struct control_url *url);
	void *arg;
};

/* Copies the options. The first heartbeat is sent at once. */
struct uplink *agent_uplink_new(struct event_base *base, const struct uplink_options *options,
                                const struct uplink_handler *handler);
/* NULL is fine. */
void agent_uplink_free(struct uplink *link);

/* Sends a heartbeat now, because something that the servers should know has changed. */
void agent_uplink_kick(struct uplink *link);
/* The same after a suspend: first cancels running requests. */
void agent_uplink_restart(struct uplink *link);
/* Goes on as another node: forgets the last netmap, and restarts. */
void agent_uplink_set_node(struct uplink *link, const char *node_id);
/* Sets the token of all later requests. */
void agent_uplink_set_token(struct uplink *link, const char *token);

#endif
