/* SPDX-License-Identifier: Apache-2.0 */
/* One session: the two keys that a handshake gave, its counters and its age; and the three slots in
 * which a peer keeps sessions (paper 6.1 and 6.3). */
#ifndef LS_WG_KEYPAIR_H
#define LS_WG_KEYPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wg/index.h"
#include "wg/noise.h"
#include "wg/replay.h"

struct wg_peer;

struct keypair {
	struct noise_keys keys;
	uint64_t send_counter; /* of the next packet */
	struct replay replay;
	uint64_t born_ns;
	uint32_t local_index;
	uint32_t remote_index;
	bool initiator;
	struct wg_peer *peer; /* its owner */
};

/* `current` sends. `previous` still receives what was under way. `next` was made as responder and
 * waits for its first packet, the proof that the initiator has the keys. */
struct keypairs {
	struct keypair *previous;
	struct keypair *current;
	struct keypair *next;
};

/* A session of `peer` that begins now, as responder; its local index is the caller's to set. */
struct keypair *wg_keypair_new(struct wg_peer *peer, const struct noise_keys *keys,
                               uint32_t remote_index, uint64_t now_ns);
/* Takes the keypair out of the index table, wipes and frees it; NULL is fine. */
void wg_keypair_free(struct keypair *keypair, struct index_table *indices);

uint64_t wg_keypair_age_ns(const struct keypair *keypair, uint64_t now_ns);
/* Whether n more packets may be sent. */
bool wg_keypair_can_send(const struct keypair *keypair, size_t n, uint64_t now_ns);
bool wg_keypair_can_receive(const struct keypair *keypair, uint64_t now_ns);
/* An initiator renews a session before its end; a responder leaves it to the initiator. */
bool wg_keypair_wants_rekey(const struct keypair *keypair, uint64_t now_ns);

/* Seals one packet of `len` bytes at data + WG_DATA_HEADER in place, with the next counter; needs
 * wg_keypair_can_send. Returns the bytes of the datagram that starts at `data`: wg_sealed_len. */
size_t wg_keypair_seal(struct keypair *keypair, struct aead *aead, uint8_t *data, size_t len,
                       uint32_t mtu);
/* Opens one datagram of at least WG_DATA_OVERHEAD bytes in place, plaintext at data +
 * WG_DATA_HEADER. -EBADMSG: wrong tag, a counter past the end, or seen before. */
int wg_keypair_open(struct keypair *keypair, struct aead *aead, uint8_t *data,
                    size_t len) LS_MUST_CHECK;

/* Puts a new session into its slot; those that leave are freed. */
void wg_keypairs_add(struct keypairs *slots, struct keypair *fresh, struct index_table *indices);
/* To be called when a packet was opened with `used`. True when that confirmed a responder's
 * session, which is then current. */
bool wg_keypairs_confirm(struct keypairs *slots, const struct keypair *used,
                         struct index_table *indices);
void wg_keypairs_clear(struct keypairs *slots, struct index_table *indices);

#endif
