/* SPDX-License-Identifier: Apache-2.0 */
/* A WireGuard device without I/O (J. A. Donenfeld, "WireGuard: Next Generation Kernel Network
 * Tunnel", 2020 revision): bytes and `now` in, bytes and the next deadline out.
 *
 * One thread owns a device and all of its peers. `now_ns` is ls_now_ns()-like: monotonic, read once
 * per wake-up and passed down. Peers are borrowed pointers, valid until the next
 * wg_device_configure. */
#ifndef LS_WG_DEVICE_H
#define LS_WG_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wg/messages.h"
#include "wgconfig/wg_config.h"
#include "wire/ip.h"

struct wg_device;
struct wg_peer;

enum {
	WG_TICK_PEERS = 32
};

/* Ways out of the engine and its sources of chance and time. All are called on the owner's thread,
 * from inside engine calls; they must not call back into the engine. */
struct wg_device_ops {
	/* One datagram that is not part of a batch: handshakes, cookies, keepalives, staged
	 * packets. */
	void (*send)(void *user, const struct ls_endpoint *dst, const uint8_t *data, size_t len);
	void (*random)(void *user, void *buf, size_t len);
	/* Wall clock, for TAI64N and for last_handshake. */
	void (*wall)(void *user, uint64_t *ret_s, uint32_t *ret_ns);
	/* A handshake completed (the session is ready to send) or the endpoint moved. May be NULL.
	 */
	void (*peer_changed)(void *user, const struct wg_public_key *peer);
};

struct wg_device *wg_device_new(const struct wg_device_ops *ops, void *user);
void wg_device_free(struct wg_device *dev); /* wipes all keys */

/* The MTU of the tunnel interface: padding does not go past it. */
void wg_device_set_mtu(struct wg_device *dev, uint32_t mtu);

/* Applies the change whole or not at all; -EINVAL, -ENOMEM or LS_ERROR_LIMIT. listen_port and
 * fwmark are only stored: the owner of the sockets acts on them. */
int wg_device_configure(struct wg_device *dev, const struct wg_config *change,
                        uint64_t now_ns) LS_MUST_CHECK;
/* The whole state, for UAPI get and status; freed with wg_config_done. */
int wg_device_dump(const struct wg_device *dev, struct wg_config *ret) LS_MUST_CHECK;

/* Earliest time at which wg_device_tick has something to do, LS_NEVER when there is none. May be a
 * little too early, never too late; other calls may bring it forward, so ask again after them. A
 * tick deals with at most WG_TICK_PEERS peers: when more are due the deadline stays in the past,
 * and packets get their turn before the next tick. */
uint64_t wg_device_next_deadline(const struct wg_device *dev);
void wg_device_tick(struct wg_device *dev, uint64_t now_ns);

/* --- out: tunnel -> network --- */

/* The peer that owns the packet's destination (allowed IPs, longest prefix), NULL for none or for
 * bytes that are no IP packet. */
struct wg_peer *wg_device_route(struct wg_device *dev, const uint8_t *packet, size_t len);

/* One packet to seal in place: `data` points at WG_DATA_HEADER bytes of room, then `len` bytes of
 * plaintext, then room for padding and tag (up to WG_PADDING - 1 + WG_DATA_TAG). */
struct wg_seal {
	uint8_t *data;
	size_t len;        /* in: plaintext bytes */
	size_t sealed_len; /* out: bytes of the datagram that starts at `data` */
};

/* Seals n packets for one peer with one nonce range and one check of the keys, in order; all or
 * none. 0: done, *ret_dst is where they go. -ENOKEY: no usable session, a handshake was started as
 * needed: stage the packets. -EDESTADDRREQ: the peer has no endpoint: stage them too, or answer
 * unreachable. */
int wg_peer_seal(struct wg_peer *peer, struct wg_seal *packets, size_t n, uint64_t now_ns,
                 struct ls_endpoint *ret_dst) LS_MUST_CHECK;
/* Keeps a copy of the plaintext until a handshake is done, which it starts as needed; sends at once
 * when a session is there. The oldest is dropped when full, all of them when for 90 s no handshake
 * succeeds and nothing is added. */
void wg_peer_stage(struct wg_peer *peer, const uint8_t *packet, size_t len, uint64_t now_ns);

/* --- in: network -> tunnel --- */

/* One received datagram; decrypted in place. */
struct wg_open {
	uint8_t *data;
	size_t len;
	uint8_t *packet; /* out: inner IP packet without padding, inside `data`; NULL when nothing
	                    is to be delivered */
	size_t packet_len;
	struct wg_peer *peer; /* out: who sent it, when `packet` is set */
};

/* Handles n datagrams that came from one source address, in order. Handshakes, cookies and
 * keepalives are dealt with inside (answers leave by ops->send). */
void wg_device_open(struct wg_device *dev, const struct ls_endpoint *src, struct wg_open *datagrams,
                    size_t n, uint64_t now_ns);

/* Drops all sessions and handshakes (suspend, interface down); configuration stays. */
void wg_device_forget_sessions(struct wg_device *dev);

#endif
