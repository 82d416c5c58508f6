/* SPDX-License-Identifier: Apache-2.0 */
/* A WireGuard interface on this host, however it is made. Called from the control thread only;
 * calls return within milliseconds. */
#ifndef LS_DATAPLANE_DATAPLANE_H
#define LS_DATAPLANE_DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "wgconfig/wg_config.h"

struct dataplane;

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
};

/* One implementation. `open` makes the interface (down, without addresses) and removes it with
 * `close`; an existing interface of that name is -EEXIST. */
struct dataplane_ops {
	const char *name;
	int (*open)(const struct dataplane_options *options, struct dataplane **ret,
	            struct ls_fail *fail);
	void (*close)(struct dataplane *dp);
	/* Applies the change whole or not at all. Binding a taken listen port is -EADDRINUSE; an
	 * interface that somebody deleted is -ENODEV, here and in read: close it and open another.
	 */
	int (*configure)(struct dataplane *dp, const struct wg_config *change,
	                 struct ls_fail *fail);
	/* All of the device; free with wg_config_done. listen_port is the real one. */
	int (*read)(struct dataplane *dp, struct wg_config *ret, struct ls_fail *fail);
	/* Readable when a peer's handshake or endpoint changed since the last read of the fd (an
	 * eventfd); -1 when the implementation cannot tell. */
	int (*event_fd)(struct dataplane *dp);
};

struct dataplane {
	const struct dataplane_ops *ops;
};

extern const struct dataplane_ops dataplane_userspace;

#endif
