/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/cookie.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
	LABEL_LEN = 8
};

static const char label_mac1[] = "mac1----";
static const char label_cookie[] = "cookie--";

static_assert(sizeof(label_mac1) == LABEL_LEN + 1, "paper 5.4.4");
static_assert(sizeof(label_cookie) == LABEL_LEN + 1, "paper 5.4.7");

static void derive_key(const char label[static LABEL_LEN], const struct wg_public_key *key,
                       uint8_t ret[static WG_KEY_LEN])
{
	blake2s(label, LABEL_LEN, key->b, sizeof(key->b), ret);
}

void wg_cookie_checker_done(struct cookie_checker *checker)
{
	blake2s_mac_free(checker->mac1);
	blake2s_mac_free(checker->secret);
	key_wipe(checker, sizeof(*checker));
}

void wg_cookie_checker_set_key(struct cookie_checker *checker, const struct wg_public_key *own)
{
	uint8_t key[WG_KEY_LEN];

	wg_cookie_checker_done(checker);
	if (!own)
		return;
	derive_key(label_mac1, own, key);
	checker->mac1 = blake2s_mac_new(key, sizeof(key));
	derive_key(label_cookie, own, checker->reply_key);
}

bool wg_cookie_check_mac1(struct cookie_checker *checker, const void *msg, size_t len)
{
	size_t covered = len - sizeof(struct wg_macs);
	uint8_t want[WG_MAC_LEN];

	assert(len > sizeof(struct wg_macs));
	if (!checker->mac1)
		return false;
	blake2s_mac_compute(checker->mac1, msg, covered, want);
	return sodium_memcmp(want, (const uint8_t *)msg + covered, sizeof(want)) == 0;
}

bool wg_cookie_secret_is_old(const struct cookie_checker *checker, uint64_t now_ns)
{
	return !checker->secret || now_ns - checker->secret_since_ns >= WG_COOKIE_LIFETIME_NS;
}

void wg_cookie_set_secret(struct cookie_checker *checker,
                          const uint8_t secret[static COOKIE_SECRET_LEN], uint64_t now_ns)
{
	blake2s_mac_free(checker->secret);
	checker->secret = blake2s_mac_new(secret, COOKIE_SECRET_LEN);
	checker->secret_since_ns = now_ns;
}

/* The cookie of a source is MAC(secret, address | port), both in network byte order. */
static void cookie_of(struct cookie_checker *checker, const struct ls_endpoint *source,
                      uint8_t ret[static WG_COOKIE_LEN])
{
	size_t len = ls_ip_len(&source->ip);
	struct ls_be16 port = ls_be16_of(source->port);
	uint8_t text[sizeof(source->ip.b) + sizeof(port.b)];

	assert(checker->secret); /* the caller asked wg_cookie_secret_is_old */
	memcpy(text, source->ip.b, len);
	memcpy(text + len, port.b, sizeof(port.b));
	blake2s_mac_compute(checker->secret, text, len + sizeof(port.b), ret);
}

bool wg_cookie_check_mac2(struct cookie_checker *checker, const void *msg, size_t len,
                          const struct ls_endpoint *source)
{
	size_t covered = len - WG_MAC_LEN;
	uint8_t cookie[WG_COOKIE_LEN], want[WG_MAC_LEN];
	bool right;

	cookie_of(checker, source, cookie);
	blake2s_mac_once(cookie, sizeof(cookie), msg, covered, want);
	right = sodium_memcmp(want, (const uint8_t *)msg + covered, sizeof(want)) == 0;
	key_wipe(cookie, sizeof(cookie));
	return right;
}

void wg_cookie_make_reply(struct cookie_checker *checker, const struct wg_macs *macs,
                          uint32_t receiver, const struct ls_endpoint *source,
                          struct wg_cookie_reply *ret)
{
	struct aead_ad ad = {.data = macs->mac1, .len = sizeof(macs->mac1)};
	uint8_t cookie[WG_COOKIE_LEN];

	ret->type = ls_le32_of(WG_MESSAGE_COOKIE);
	ret->receiver = ls_le32_of(receiver);
	cookie_of(checker, source, cookie);
	xaead_seal(checker->reply_key, ret->nonce, ad, cookie, sizeof(cookie), ret->sealed_cookie);
	key_wipe(cookie, sizeof(cookie));
}

void wg_cookie_add_macs(struct cookie_maker *maker, const struct wg_public_key *remote, void *msg,
                        size_t len, uint64_t now_ns)
{
	size_t covered = len - sizeof(struct wg_macs);
	uint8_t *mac1 = (uint8_t *)msg + covered, *mac2 = mac1 + WG_MAC_LEN;
	uint8_t key[WG_KEY_LEN];

	derive_key(label_mac1, remote, key);
	blake2s_mac_once(key, sizeof(key), msg, covered, mac1);
	memcpy(maker->last_mac1, mac1, sizeof(maker->last_mac1));
	maker->mac1_sent = true;
	if (now_ns < maker->cookie_until_ns)
		blake2s_mac_once(maker->cookie, sizeof(maker->cookie), msg, covered + WG_MAC_LEN,
		                 mac2);
	else
		memset(mac2, 0, WG_MAC_LEN);
}

bool wg_cookie_take_reply(struct cookie_maker *maker, const struct wg_public_key *remote,
                          const struct wg_cookie_reply *reply, uint64_t now_ns)
{
	struct aead_ad ad = {.data = maker->last_mac1, .len = sizeof(maker->last_mac1)};
	uint8_t key[WG_KEY_LEN], cookie[WG_COOKIE_LEN];

	if (!maker->mac1_sent)
		return false;
	derive_key(label_cookie, remote, key);
	if (xaead_open(key, reply->nonce, ad, reply->sealed_cookie, sizeof(reply->sealed_cookie),
	               cookie) < 0)
		return false;
	memcpy(maker->cookie, cookie, sizeof(maker->cookie));
	maker->cookie_until_ns = now_ns + WG_COOKIE_LIFETIME_NS - WG_COOKIE_LATENCY_NS;
	maker->mac1_sent = false;
	key_wipe(cookie, sizeof(cookie));
	return true;
}
