/* SPDX-License-Identifier: Apache-2.0 */
/* mac1, mac2 and cookies (paper 5.3, 5.4.4, 5.4.7). The checker is the receiving side of a device,
 * the maker the sending side of one peer. */
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

/* Zeroed, it accepts nothing. */
struct cookie_checker {
	struct blake2s_mac *mac1; /* NULL: no key set */
	uint8_t reply_key[WG_KEY_LEN];
	struct blake2s_mac *secret; /* changes every WG_COOKIE_LIFETIME_NS */
	uint64_t secret_since_ns;
};

void wg_cookie_checker_done(struct cookie_checker *checker);
/* NULL: the device has no key any more. */
void wg_cookie_checker_set_key(struct cookie_checker *checker, const struct wg_public_key *own);
/* `msg` is a whole handshake message: it ends with struct wg_macs. */
bool wg_cookie_check_mac1(struct cookie_checker *checker, const void *msg, size_t len);

/* True when a new secret must be set before mac2 is checked or a reply made. */
bool wg_cookie_secret_is_old(const struct cookie_checker *checker, uint64_t now_ns);
void wg_cookie_set_secret(struct cookie_checker *checker,
                          const uint8_t secret[static COOKIE_SECRET_LEN], uint64_t now_ns);
/* mac2 proves that the sender received a cookie at exactly this address and port. */
bool wg_cookie_check_mac2(struct cookie_checker *checker, const void *msg, size_t len,
                          const struct ls_endpoint *source);
/* `ret->nonce` is filled with random bytes by the caller; `receiver` is the sender of `msg`. */
void wg_cookie_make_reply(struct cookie_checker *checker, const struct wg_macs *macs,
                          uint32_t receiver, const struct ls_endpoint *source,
                          struct wg_cookie_reply *ret);

/* Zeroed, it has no cookie. */
struct cookie_maker {
	uint8_t cookie[WG_COOKIE_LEN];
	uint8_t last_mac1[WG_MAC_LEN]; /* of the message that a reply may answer */
	uint64_t cookie_until_ns;      /* 0: none */
	bool mac1_sent;
};

/* Fills the MACs that end `msg` for the peer with this key. */
void wg_cookie_add_macs(struct cookie_maker *maker, const struct wg_public_key *remote, void *msg,
                        size_t len, uint64_t now_ns);
/* False when it does not answer the last message; nothing changed then. */
bool wg_cookie_take_reply(struct cookie_maker *maker, const struct wg_public_key *remote,
                          const struct wg_cookie_reply *reply, uint64_t now_ns);

#endif
