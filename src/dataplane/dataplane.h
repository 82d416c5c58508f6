/* SPDX-License-Identifier: Apache-2.0 */
/* A WireGuard interface of this host, in any implementation. Only the control thread calls it;
 * calls return within milliseconds. */
#ifndef LS_DATAPLANE_DATAPLANE_H
#define LS_DATAPLANE_DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "wgconfig/wg_config.h"

struct dataplane;
struct ls_stamps;

enum dataplane_kind {
	DATAPLANE_USERSPACE, /* TUN and our engine in this process, UAPI socket for wg(8) */
	DATAPLANE_KERNEL,    /* the kernel's WireGuard over generic netlink */
};

/* Switches for hosts whose kernel or NIC gets an offload wrong; all on by default. */
struct dataplane_offloads {
	bool tun_off; /* no vnet_hdr/TSO/USO on the TUN */
	bool gso_off; /* no UDP_SEGMENT */
	bool gro_off; /* no UDP_GRO */
};

struct dataplane_options {
	const char *interface; /* at most 15 bytes */
	uint32_t mtu;          /* of the interface */
	struct dataplane_offloads offloads;
	/* For the timestamps of handshakes; must live as long as the interface. NULL: the wall
	 * clock. */
	struct ls_stamps *stamps;
};

/* One implementation. `open` creates the interface (down, without addresses) and `close` removes
 * it. -EEXIST when there is an interface of that name. */
struct dataplane_ops {
	const char *name;
	int (*open)(const struct dataplane_options *options, struct dataplane **ret,
	            struct ls_fail *fail);
	void (*close)(struct dataplane *dp);
	/* Applies the whole change or nothing of it. -EADDRINUSE: another program has the listen
	 * port. -ENODEV, here and in read: somebody deleted the interface; close it and open
	 * another. */
	int (*configure)(struct dataplane *dp, const struct wg_config *change,
	                 struct ls_fail *fail);
	/* The whole configuration and state; free it with wg_config_done. listen_port is the port
	 * in use. */
	int (*read)(struct dataplane *dp, struct wg_config *ret, struct ls_fail *fail);
	/* An eventfd that becomes readable when a peer's handshake or endpoint changes; -1 when the
	 * implementation has none. */
	int (*event_fd)(struct dataplane *dp);
};

struct dataplane {
	const struct dataplane_ops *ops;
};

extern const struct dataplane_ops dataplane_userspace;

#endif
