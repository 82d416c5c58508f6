/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one interface of this host match netmaps: data plane, addresses, routes, names. Each call
 * reads the host's current state and changes only what differs. Control thread only. */
#ifndef LS_AGENT_TUNNEL_H
#define LS_AGENT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "control/url.h"
#include "crypto/keys.h"
#include "dataplane/dataplane.h"
#include "plan/plan.h"
#include "proto/netmap.h"

struct event_base;
struct known_hosts;
struct nl_socket;
struct tunnel;

/* What a plan needs besides the netmap and what the kernel knows. All pointers are borrowed. */
struct tunnel_view {
	const char *profile;    /* marks the block in the hosts file */
	const char *interface;  /* a valid name */
	const char *hosts_path; /* NULL: write no hosts file */
	const struct control_url_list *urls;
	const struct known_hosts *known; /* NULL: none */
	struct plan_allow allow;
};

struct tunnel_options {
	const struct dataplane_ops *ops;
	struct tunnel_view view; /* its pointers must live as long as the tunnel */
	struct event_base *base;
	struct dataplane_offloads offloads;
	struct ls_stamps *stamps; /* of struct dataplane_options */
	const struct wg_private_key *private_key;
	uint16_t listen_port; /* 0: any */
	bool next_port;       /* when it is taken: the next free one */
	uint64_t stale_ns;    /* a silent peer gets its next endpoint after this */
	bool cleanup;         /* first remove what a crashed run left behind */
};

/* How agent_tunnel_apply changed the peers. */
struct tunnel_report {
	size_t peers;     /* their number now */
	size_t reachable; /* of them (agent/peers.h) */
	size_t added;
	size_t removed;
	size_t changed;
};

/* Makes the interface. It is down, has no addresses and peers, but listens already. */
int agent_tunnel_open(const struct tunnel_options *options, struct tunnel **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Removes what the tunnel made: names, routes, addresses, interface, sockets. Logs what cannot be
 * removed. NULL is fine. */
void agent_tunnel_close(struct tunnel *tunnel);

/* Makes the interface again on the same port after it was deleted, which agent_tunnel_observe
 * reports with -ENODEV. It has no peers until the next agent_tunnel_apply. On failure there is
 * still no interface; the caller may try again. agent_tunnel_event_fd changes: free its event
 * before this call. */
int agent_tunnel_reopen(struct tunnel *tunnel, const struct wg_private_key *key,
                        struct ls_fail *fail) LS_MUST_CHECK;

/* Makes the plan for a netmap on this host. node_unknown: as below. */
int agent_tunnel_plan(struct nl_socket *rtnl, const struct tunnel_view *view,
                      const struct netmap *netmap, bool node_unknown, struct plan **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* Applies a netmap. node_unknown: the control server does not know this node any more, so it gets
 * no peers even if the netmap has some. After a failure, what was done stays, and another call
 * continues from there. */
int agent_tunnel_apply(struct tunnel *tunnel, const struct netmap *netmap, bool node_unknown,
                       struct tunnel_report *ret, struct ls_fail *fail) LS_MUST_CHECK;
int agent_tunnel_set_key(struct tunnel *tunnel, const struct wg_private_key *key,
                         struct ls_fail *fail) LS_MUST_CHECK;

/* Reads the engine's state: logs handshakes, and moves silent peers to their next endpoint. Call it
 * when agent_tunnel_event_fd is readable, and every few seconds. */
int agent_tunnel_observe(struct tunnel *tunnel, uint64_t now_ns,
                         struct ls_fail *fail) LS_MUST_CHECK;

/* Readable when a peer has changed or the interface is gone; the caller reads 8 bytes from it. -1
 * when there is none. */
int agent_tunnel_event_fd(const struct tunnel *tunnel);
uint16_t agent_tunnel_listen_port(const struct tunnel *tunnel); /* the port in use */
uint32_t agent_tunnel_mtu(const struct tunnel *tunnel);
const char *agent_tunnel_interface(const struct tunnel *tunnel);

#endif
