/* SPDX-License-Identifier: Apache-2.0 */
/* One interface of this host, made to match netmaps: data plane, addresses, routes, names. Each
 * call reads what is there and changes only what differs. Control thread only. */
#ifndef LS_AGENT_TUNNEL_H
#define LS_AGENT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/keys.h"
#include "dataplane/dataplane.h"
#include "plan/plan.h"
#include "proto/netmap.h"

struct nl_socket;
struct tunnel;

struct tunnel_options {
	const struct dataplane_ops *ops;
	const char *profile;   /* marks the block in the hosts file */
	const char *interface; /* a valid name */
	struct dataplane_offloads offloads;
	const struct wg_private_key *private_key;
	uint16_t listen_port;   /* 0: any */
	const char *hosts_path; /* NULL: none is written */
	uint64_t stale_ns;      /* of endpoints */
	bool cleanup;           /* first remove what a crashed run left */
};

/* What agent_tunnel_apply did to peers. */
struct tunnel_report {
	size_t peers; /* there are now */
	size_t added;
	size_t removed;
	size_t changed;
};

/* Makes the interface: down, without addresses and peers, but listening. Copies the options. */
int agent_tunnel_open(const struct tunnel_options *options, struct tunnel **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Removes what was made: names, routes, addresses, interface, sockets. Logs what cannot be removed.
 * NULL is fine. */
void agent_tunnel_close(struct tunnel *tunnel);

/* Makes the interface again, on the same port, after it was deleted: agent_tunnel_observe says
 * -ENODEV then. Without peers until the next agent_tunnel_apply. On failure the tunnel stays dead,
 * and a repeat may help. agent_tunnel_event_fd is another one afterwards: its event must be freed
 * before. */
int agent_tunnel_reopen(struct tunnel *tunnel, const struct wg_private_key *key,
                        struct ls_fail *fail) LS_MUST_CHECK;

/* The plan that a netmap makes on this host now. node_unknown: as below. */
int agent_tunnel_plan(struct nl_socket *rtnl, const char *interface, const struct netmap *netmap,
                      bool node_unknown, struct plan **ret, struct ls_fail *fail) LS_MUST_CHECK;

/* node_unknown: the control server does not know this node any more, whatever the netmap says. On
 * failure what was done stays done, and a repeat goes on from there. */
int agent_tunnel_apply(struct tunnel *tunnel, const struct netmap *netmap, bool node_unknown,
                       struct tunnel_report *ret, struct ls_fail *fail) LS_MUST_CHECK;
int agent_tunnel_set_key(struct tunnel *tunnel, const struct wg_private_key *key,
                         struct ls_fail *fail) LS_MUST_CHECK;

/* Looks at the engine: logs handshakes, and moves silent peers to their next endpoint. To be called
 * when agent_tunnel_event_fd is readable, and every few seconds. */
int agent_tunnel_observe(struct tunnel *tunnel, uint64_t now_ns,
                         struct ls_fail *fail) LS_MUST_CHECK;

/* Readable when a peer has changed or the interface is gone; the caller reads its 8 bytes. -1:
 * cannot tell. */
int agent_tunnel_event_fd(const struct tunnel *tunnel);
uint16_t agent_tunnel_listen_port(const struct tunnel *tunnel); /* the real one */
uint32_t agent_tunnel_mtu(const struct tunnel *tunnel);
const char *agent_tunnel_interface(const struct tunnel *tunnel);

#endif
