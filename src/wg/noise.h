/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake Noise_IKpsk2 (WireGuard paper 5.4.2, 5.4.3 and 5.4.5) without time, indices and
 * MACs: the caller sets a message's type, sender, receiver and MACs. Functions verify into locals:
 * what an argument points at changes only on success. They return 0 or -EBADMSG, which includes
 * public keys of small order. */
#ifndef LS_WG_NOISE_H
#define LS_WG_NOISE_H

#include <stdbool.h>

#include "crypto/keys.h"
#include "wg/messages.h"
#include "wg/tai64n.h"

/* The keys of this device. */
struct noise_identity {
	bool set;
	struct wg_private_key private_key;
	struct wg_public_key public_key;
};

/* The keys of the other side, as configured. */
struct noise_remote {
	struct wg_public_key public_key;
	struct wg_preshared_key preshared_key; /* all zero: none */
	/* The Diffie-Hellman result of both static keys. It is computed when first needed, so that
	 * configuring thousands of peers costs nothing. */
	uint8_t static_static[WG_KEY_LEN];
	bool static_static_known;
};

struct noise_transcript {
	uint8_t hash[WG_HASH_LEN];
	uint8_t chaining_key[WG_HASH_LEN];
};

/* What the initiator keeps until the response arrives. */
struct noise_initiator {
	struct noise_transcript transcript;
	struct wg_private_key ephemeral;
};

/* What the responder holds between reading an initiation and answering it, within one call of the
 * device. */
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
/* Wipes what was derived from an earlier identity. */
void wg_noise_remote_reset(struct noise_remote *remote);

/* `ephemeral` is a new random key, clamped. */
int wg_noise_make_initiation(const struct noise_identity *identity, struct noise_remote *remote,
                             const struct wg_private_key *ephemeral, struct tai64n timestamp,
                             struct noise_initiator *ret,
                             struct wg_initiation *ret_msg) LS_MUST_CHECK;
/* First half of reading: decrypts the static key that the sender claims, ret->remote_static.
 * Nothing is proven yet. */
int wg_noise_read_initiation(const struct noise_identity *identity, const struct wg_initiation *msg,
                             struct noise_responder *ret) LS_MUST_CHECK;
/* Second half, with the peer that has this static key: proves that the sender holds it. */
int wg_noise_read_timestamp(const struct noise_identity *identity, struct noise_remote *remote,
                            const struct wg_initiation *msg, struct noise_responder *responder,
                            struct tai64n *ret) LS_MUST_CHECK;
/* Wipes `responder`, also on failure. */
int wg_noise_make_response(struct noise_responder *responder, const struct noise_remote *remote,
                           const struct wg_private_key *ephemeral, struct wg_response *ret_msg,
                           struct noise_keys *ret_keys) LS_MUST_CHECK;
int wg_noise_read_response(const struct noise_identity *identity, const struct noise_remote *remote,
                           const struct noise_initiator *initiator, const struct wg_response *msg,
                           struct noise_keys *ret) LS_MUST_CHECK;

#endif
