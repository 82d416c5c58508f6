/* SPDX-License-Identifier: Apache-2.0 */
/* A WireGuard device without I/O (J. A. Donenfeld, "WireGuard: Next Generation Kernel Network
 * Tunnel", 2020 revision): bytes and `now` in, bytes and the next deadline out. send.h and
 * receive.h pass packets through it.
 *
 * One thread owns a device and all of its peers. `now_ns` is the time of a monotonic clock such as
 * ls_now_ns(); the caller reads it once per wake-up and passes it down. Peers are borrowed
 * pointers, valid until the next wg_device_configure. */
#ifndef LS_WG_DEVICE_H
#define LS_WG_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wg/ops.h"
#include "wgconfig/wg_config.h"

struct wg_device;
struct wg_peer;

enum {
	WG_TICK_PEERS = 32
};

struct wg_device *wg_device_new(const struct wg_device_ops *ops, void *user);
void wg_device_free(struct wg_device *dev); /* wipes all keys */

/* The MTU of the tunnel interface, or the smallest one that a route over it has. Padding does not
 * make a packet longer than this. */
void wg_device_set_mtu(struct wg_device *dev, uint32_t mtu);

/* Applies the whole change or nothing of it: -EINVAL, -ENOMEM or LS_ERROR_LIMIT. The device only
 * stores listen_port and fwmark; the owner of the sockets acts on them. */
int wg_device_configure(struct wg_device *dev, const struct wg_config *change,
                        uint64_t now_ns) LS_MUST_CHECK;
/* The whole configuration and state, for UAPI get and for status. The caller frees it with
 * wg_config_done. */
int wg_device_dump(const struct wg_device *dev, struct wg_config *ret) LS_MUST_CHECK;

/* The earliest time at which wg_device_tick has something to do; LS_NEVER when it has nothing. It
 * may be a little too early, never too late. Other calls may bring it forward, so ask again after
 * them. One tick serves at most WG_TICK_PEERS peers: when more are due, the deadline stays in the
 * past, and the caller handles packets before the next tick. */
uint64_t wg_device_next_deadline(const struct wg_device *dev);
void wg_device_tick(struct wg_device *dev, uint64_t now_ns);

/* The peer that owns the packet's destination address (allowed IPs, longest prefix). NULL when no
 * peer owns it, and when the bytes are not an IP packet. */
struct wg_peer *wg_device_route(struct wg_device *dev, const uint8_t *packet, size_t len);

/* The host's addresses, routes or rules have changed: the engine asks for the route of each path
 * anew before it sends on it. */
void wg_device_routes_changed(struct wg_device *dev);

/* Drops all sessions and handshakes (after suspend, or interface down). The configuration stays. */
void wg_device_forget_sessions(struct wg_device *dev);

#endif
