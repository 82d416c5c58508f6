/* SPDX-License-Identifier: Apache-2.0 */
/* A session: the two keys that a handshake produced, its counters and its age; and the three slots
 * in which a peer keeps sessions (WireGuard paper 6.1 and 6.3). */
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
	struct wg_peer *peer; /* owns the session */
};

/* `current` encrypts what is sent. `previous` still decrypts packets that are on their way. `next`
 * was made as responder: it waits for its first packet, which proves that the initiator has the
 * keys. */
struct keypairs {
	struct keypair *previous;
	struct keypair *current;
	struct keypair *next;
};

/* A session of `peer` that begins now, as responder. The caller sets its local index. */
struct keypair *wg_keypair_new(struct wg_peer *peer, const struct noise_keys *keys,
                               uint32_t remote_index, uint64_t now_ns);
/* Removes the keypair from the index table, wipes and frees it. NULL is fine. */
void wg_keypair_free(struct keypair *keypair, struct index_table *indices);

uint64_t wg_keypair_age_ns(const struct keypair *keypair, uint64_t now_ns);
/* True when n more packets may be sent. */
bool wg_keypair_can_send(const struct keypair *keypair, size_t n, uint64_t now_ns);
bool wg_keypair_can_receive(const struct keypair *keypair, uint64_t now_ns);
/* True when it is time for a new handshake: by age only on the initiator's side, by count on
 * both. */
bool wg_keypair_wants_rekey(const struct keypair *keypair, uint64_t now_ns);

/* Encrypts in place one packet of `len` bytes at data + WG_DATA_HEADER, with the next counter.
 * wg_keypair_can_send must be true. Returns the length of the datagram that starts at `data`, which
 * is wg_sealed_len. */
size_t wg_keypair_seal(struct keypair *keypair, struct aead *aead, uint8_t *data, size_t len,
                       uint32_t mtu);
/* Decrypts in place one datagram of at least WG_DATA_OVERHEAD bytes; the plaintext is then at data
 * + WG_DATA_HEADER. -EBADMSG: the tag is wrong, or the counter is too high, too old or was seen
 * before. */
int wg_keypair_open(struct keypair *keypair, struct aead *aead, uint8_t *data,
                    size_t len) LS_MUST_CHECK;

/* Puts a new session into its slot and frees the sessions that this displaces. */
void wg_keypairs_add(struct keypairs *slots, struct keypair *fresh, struct index_table *indices);
/* Call this after a packet was decrypted with `used`. True when that confirmed a session made as
 * responder; it is then the current one. */
bool wg_keypairs_confirm(struct keypairs *slots, const struct keypair *used,
                         struct index_table *indices);
void wg_keypairs_clear(struct keypairs *slots, struct index_table *indices);

#endif
