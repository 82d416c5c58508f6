/* SPDX-License-Identifier: Apache-2.0 */
/* mac1, mac2 and cookies (WireGuard paper 5.3, 5.4.4, 5.4.7). A device has one checker, for the
 * messages that it receives; each peer has a maker, for the messages that are sent to it. */
#ifndef LS_WG_COOKIE_H
#define LS_WG_COOKIE_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/blake2s.h"
#include "crypto/keys.h"
#include "wg/messages.h"
#include "wire/ip.h"

enum {
	COOKIE_SECRET_LEN = 32
};

/* A zeroed checker accepts nothing. */
struct cookie_checker {
	struct blake2s_mac *mac1; /* NULL: no key set */
	uint8_t reply_key[WG_KEY_LEN];
	struct blake2s_mac *secret; /* replaced every WG_COOKIE_LIFETIME_NS */
	uint64_t secret_since_ns;
};

void wg_cookie_checker_done(struct cookie_checker *checker);
/* `own` is NULL when the device has no key any more. */
void wg_cookie_checker_set_key(struct cookie_checker *checker, const struct wg_public_key *own);
/* `msg` is a whole handshake message: it ends with struct wg_macs. */
bool wg_cookie_check_mac1(struct cookie_checker *checker, const void *msg, size_t len);

/* True when wg_cookie_set_secret must be called before a mac2 is checked or a reply is made. */
bool wg_cookie_secret_is_old(const struct cookie_checker *checker, uint64_t now_ns);
void wg_cookie_set_secret(struct cookie_checker *checker,
                          const uint8_t secret[static COOKIE_SECRET_LEN], uint64_t now_ns);
/* mac2 proves that the sender received a cookie at exactly this address and port. */
bool wg_cookie_check_mac2(struct cookie_checker *checker, const void *msg, size_t len,
                          const struct ls_endpoint *source);
/* The caller fills `ret->nonce` with random bytes. `receiver` is the sender index of the message
 * that ends with `macs`. */
void wg_cookie_make_reply(struct cookie_checker *checker, const struct wg_macs *macs,
                          uint32_t receiver, const struct ls_endpoint *source,
                          struct wg_cookie_reply *ret);

/* A zeroed maker has no cookie. */
struct cookie_maker {
	uint8_t cookie[WG_COOKIE_LEN];
	uint8_t last_mac1[WG_MAC_LEN]; /* of the last message sent, which a reply may answer */
	uint64_t cookie_until_ns;      /* 0: none */
	bool mac1_sent;
};

/* Fills in the MACs at the end of `msg`, for the peer with the public key `remote`. */
void wg_cookie_add_macs(struct cookie_maker *maker, const struct wg_public_key *remote, void *msg,
                        size_t len, uint64_t now_ns);
/* Stores the cookie of a reply. False, with nothing changed, when the reply does not answer the
 * last message sent. */
bool wg_cookie_take_reply(struct cookie_maker *maker, const struct wg_public_key *remote,
                          const struct wg_cookie_reply *reply, uint64_t now_ns);

#endif
