/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves an engine. The data plane seals its packets in batches and sends them itself;
 * handshakes, cookies, keepalives and staged packets leave by ops->send. Same thread and clock
 * rules as device.h. */
#ifndef LS_WG_SEND_H
#define LS_WG_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

struct noise_responder;
struct wg_device;
struct wg_macs;
struct wg_peer;

/* One packet to seal in place: `data` points at WG_DATA_HEADER bytes of room, then `len` bytes of
 * plaintext, then room for padding and tag (up to WG_PADDING - 1 + WG_DATA_TAG). */
struct wg_seal {
	uint8_t *data;
	size_t len;        /* in: plaintext bytes */
	size_t sealed_len; /* out: bytes of the datagram that starts at `data`: wg_sealed_len */
};

/* Seals n packets for one peer with one check of the keys, in order; all or none. 0: done, *ret_dst
 * is where they go. -ENOKEY: no usable session, a handshake was started as needed: stage the
 * packets. -EDESTADDRREQ: the peer has no endpoint: stage them too, or answer unreachable. */
int wg_peer_seal(struct wg_peer *peer, struct wg_seal *packets, size_t n, uint64_t now_ns,
                 struct ls_endpoint *ret_dst) LS_MUST_CHECK;
/* Keeps a copy of the plaintext until a handshake is done, which it starts as needed; sends at once
 * when a session is there. The oldest is dropped when full, all of them when for 90 s no handshake
 * succeeds and nothing is added. */
void wg_peer_stage(struct wg_peer *peer, const uint8_t *packet, size_t len, uint64_t now_ns);

/* --- for the files of wg/ alone --- */

/* Starts a handshake unless one was started within the last REKEY_TIMEOUT. `retry`: the timer asks
 * again, so the time after which it gives up runs on. */
void wg_send_initiation(struct wg_peer *peer, bool retry, uint64_t now_ns);
/* Finishes a handshake that the other side started: answers the message whose sender index is
 * `receiver`, and keeps the session as the next. Wipes `responder`. */
void wg_send_response(struct wg_peer *peer, struct noise_responder *responder, uint32_t receiver,
                      uint64_t now_ns);
/* The answer to a handshake message that ends with `macs`, while under load. */
void wg_send_cookie(struct wg_device *dev, const struct ls_endpoint *dst,
                    const struct wg_macs *macs, uint32_t receiver);
/* Sends an empty packet, or what is staged instead; without a session starts a handshake. */
void wg_send_keepalive(struct wg_peer *peer, uint64_t now_ns);
/* Sends what is staged; without a session starts a handshake instead. */
void wg_send_staged(struct wg_peer *peer, uint64_t now_ns);

#endif
