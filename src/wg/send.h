/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine sends. The data plane has its packets encrypted in batches and sends them itself;
 * ops->send sends handshakes, cookies, keepalives and staged packets. device.h says which thread
 * and which clock. */
#ifndef LS_WG_SEND_H
#define LS_WG_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wg/path.h"

struct noise_responder;
struct wg_device;
struct wg_macs;
struct wg_peer;

/* One packet to encrypt in place. `data` points at WG_DATA_HEADER bytes of room, then `len` bytes
 * of plaintext, then room for padding and tag (up to WG_PADDING - 1 + WG_DATA_TAG). */
struct wg_seal {
	uint8_t *data;
	size_t len;        /* in: plaintext bytes */
	size_t sealed_len; /* out: length of the datagram that starts at `data`; see wg_sealed_len
	                    */
};

/* Encrypts n packets for one peer, in order, all or none. 0: done, and *ret_path is where to send
 * them. -ENOKEY: there is no usable session; a handshake was started if needed: stage the packets.
 * -EDESTADDRREQ: the peer has no endpoint: stage them too, or answer "unreachable". -ELOOP: its
 * endpoint is routed into this tunnel. */
int wg_peer_seal(struct wg_peer *peer, struct wg_seal *packets, size_t n, uint64_t now_ns,
                 struct wg_path *ret_path) LS_MUST_CHECK;
/* Keeps a copy of the plaintext until there is a session, and starts a handshake if needed. With a
 * session, sends it at once. When the queue is full, the oldest packet is dropped. All are dropped
 * when no handshake succeeded and no packet was added for 90 s. */
void wg_peer_stage(struct wg_peer *peer, const uint8_t *packet, size_t len, uint64_t now_ns);

/* True when the peer's endpoint is an IPv6 address. */
bool wg_peer_is_over_v6(const struct wg_peer *peer);
/* What was received from the peer so far, in authenticated datagrams. */
uint64_t wg_peer_heard(const struct wg_peer *peer);
/* Starts a handshake, if none was started lately: its answer shows that the peer can be reached. */
void wg_peer_ask(struct wg_peer *peer, uint64_t now_ns);

/* True when this device has sent that handshake or data message lately: a packet from the tunnel
 * that carries it would loop. One that loops comes back at once, so a device that sends to many
 * peers at a time recognises nearly all; what it misses, it meets again. */
bool wg_device_made(const struct wg_device *dev, const uint8_t *datagram, size_t len);

/* --- for the files of wg/ only --- */

/* Starts a handshake, unless one was started within the last REKEY_TIMEOUT. `retry`: the timer
 * repeats an initiation; the time after which it gives up then counts from the first one. */
void wg_send_initiation(struct wg_peer *peer, bool retry, uint64_t now_ns);
/* Finishes a handshake that the other side started: answers the message whose sender index is
 * `receiver`, and makes the session the peer's `next`. Wipes `responder`. */
void wg_send_response(struct wg_peer *peer, struct noise_responder *responder, uint32_t receiver,
                      uint64_t now_ns);
/* Answers a handshake message that ends with `macs` with a cookie; only under load. */
void wg_send_cookie(struct wg_device *dev, const struct wg_path *path, const struct wg_macs *macs,
                    uint32_t receiver);
/* Sends the staged packets, or an empty packet when there are none. Without a session, starts a
 * handshake instead. */
void wg_send_keepalive(struct wg_peer *peer, uint64_t now_ns);
/* Sends the staged packets. Without a session, starts a handshake instead. */
void wg_send_staged(struct wg_peer *peer, uint64_t now_ns);

#endif
