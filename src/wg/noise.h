/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake Noise_IKpsk2 (paper 5.4.2, 5.4.3 and 5.4.5), without time, indices and MACs: type,
 * sender, receiver and the MACs of a message are the caller's. Everything is verified into locals:
 * what an argument points at changes only on success. All return 0 or -EBADMSG; keys of small order
 * are -EBADMSG too. */
#ifndef LS_WG_NOISE_H
#define LS_WG_NOISE_H

#include <stdbool.h>

#include "crypto/keys.h"
#include "wg/messages.h"
#include "wg/tai64n.h"

/* This device. */
struct noise_identity {
	bool set;
	struct wg_private_key private_key;
	struct wg_public_key public_key;
};

/* The other side as configured. */
struct noise_remote {
	struct wg_public_key public_key;
	struct wg_preshared_key preshared_key; /* zero: none */
	/* DH of both static keys; computed when first needed, so that configuring thousands of
	 * peers costs nothing. */
	uint8_t static_static[WG_KEY_LEN];
	bool static_static_known;
};

struct noise_transcript {
	uint8_t hash[WG_HASH_LEN];
	uint8_t chaining_key[WG_HASH_LEN];
};

/* What the initiator keeps until the response. */
struct noise_initiator {
	struct noise_transcript transcript;
	struct wg_private_key ephemeral;
};

/* What the responder holds between reading and answering: never across calls of the device. */
struct noise_responder {
	struct noise_transcript transcript;
	uint8_t remote_ephemeral[WG_KEY_LEN];
	struct wg_public_key remote_static;
};

struct noise_keys {
	uint8_t send[WG_KEY_LEN];
	uint8_t receive[WG_KEY_LEN];
};

/* An all-zero key unsets the identity. */
void wg_noise_identity_set(struct noise_identity *identity, const struct wg_private_key *key);
/* Forgets what was derived from an earlier identity. */
void wg_noise_remote_reset(struct noise_remote *remote);

/* `ephemeral` is fresh, random and clamped. */
int wg_noise_make_initiation(const struct noise_identity *identity, struct noise_remote *remote,
                             const struct wg_private_key *ephemeral, struct tai64n timestamp,
                             struct noise_initiator *ret,
                             struct wg_initiation *ret_msg) LS_MUST_CHECK;
/* First half: who claims to speak is ret->remote_static. Not authenticated yet. */
int wg_noise_read_initiation(const struct noise_identity *identity, const struct wg_initiation *msg,
                             struct noise_responder *ret) LS_MUST_CHECK;
/* Second half, with that peer: proves the static key. */
int wg_noise_read_timestamp(const struct noise_identity *identity, struct noise_remote *remote,
                            const struct wg_initiation *msg, struct noise_responder *responder,
                            struct tai64n *ret) LS_MUST_CHECK;
/* Wipes `responder`. */
int wg_noise_make_response(struct noise_responder *responder, const struct noise_remote *remote,
                           const struct wg_private_key *ephemeral, struct wg_response *ret_msg,
                           struct noise_keys *ret_keys) LS_MUST_CHECK;
int wg_noise_read_response(const struct noise_identity *identity, const struct noise_remote *remote,
                           const struct noise_initiator *initiator, const struct wg_response *msg,
                           struct noise_keys *ret) LS_MUST_CHECK;

#endif
