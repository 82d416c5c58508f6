/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/noise.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "crypto/blake2s.h"
#include "crypto/x25519.h"

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

/* h := HASH(h || data) */
static void mix_hash(struct noise_transcript *t, const void *data, size_t len)
{
	blake2s(t->hash, sizeof(t->hash), data, len, t->hash);
}

/* ck := KDF1(ck, input) */
static void mix_input(struct noise_transcript *t, const uint8_t input[static WG_KEY_LEN])
{
	uint8_t(*const outputs[])[WG_HASH_LEN] = {&t->chaining_key};

	blake2s_kdf(t->chaining_key, input, WG_KEY_LEN, outputs, 1);
}

/* (ck, key) := KDF2(ck, input) */
static void mix_key(struct noise_transcript *t, const uint8_t input[static WG_KEY_LEN],
                    uint8_t ret_key[static WG_KEY_LEN])
{
	uint8_t key[WG_KEY_LEN];
	uint8_t(*const outputs[])[WG_HASH_LEN] = {&t->chaining_key, &key};

	blake2s_kdf(t->chaining_key, input, WG_KEY_LEN, outputs, 2);
	memcpy(ret_key, key, sizeof(key));
	key_wipe(key, sizeof(key));
}

/* (ck, tau, key) := KDF3(ck, psk); h := HASH(h || tau) */
static void mix_psk(struct noise_transcript *t, const struct wg_preshared_key *psk,
                    uint8_t ret_key[static WG_KEY_LEN])
{
	uint8_t tau[WG_HASH_LEN], key[WG_KEY_LEN];
	uint8_t(*const outputs[])[WG_HASH_LEN] = {&t->chaining_key, &tau, &key};

	blake2s_kdf(t->chaining_key, psk->b, sizeof(psk->b), outputs, 3);
	mix_hash(t, tau, sizeof(tau));
	memcpy(ret_key, key, sizeof(key));
	key_wipe(tau, sizeof(tau));
	key_wipe(key, sizeof(key));
}

static int mix_dh(struct noise_transcript *t, const struct wg_private_key *private_key,
                  const uint8_t public_key[static WG_KEY_LEN])
{
	uint8_t shared[WG_KEY_LEN];
	int r = x25519(private_key->b, public_key, shared);

	if (r == 0)
		mix_input(t, shared);
	key_wipe(shared, sizeof(shared));
	return r;
}

static int mix_dh_key(struct noise_transcript *t, const struct wg_private_key *private_key,
                      const uint8_t public_key[static WG_KEY_LEN],
                      uint8_t ret_key[static WG_KEY_LEN])
{
	uint8_t shared[WG_KEY_LEN];
	int r = x25519(private_key->b, public_key, shared);

	if (r == 0)
		mix_key(t, shared, ret_key);
	key_wipe(shared, sizeof(shared));
	return r;
}

static void seal_and_hash(struct noise_transcript *t, const uint8_t key[static WG_KEY_LEN],
                          const void *plain, size_t len, uint8_t *ret)
{
	struct aead_ad ad = {.data = t->hash, .len = sizeof(t->hash)};

	aead_seal_once(key, 0, ad, plain, len, ret);
	mix_hash(t, ret, len + AEAD_TAG_LEN);
}

static int open_and_hash(struct noise_transcript *t, const uint8_t key[static WG_KEY_LEN],
                         const uint8_t *sealed, size_t sealed_len, uint8_t *ret)
{
	struct aead_ad ad = {.data = t->hash, .len = sizeof(t->hash)};
	int r = aead_open_once(key, 0, ad, sealed, sealed_len, ret);

	if (r == 0)
		mix_hash(t, sealed, sealed_len);
	return r;
}

static void begin(struct noise_transcript *t, const struct wg_public_key *responder)
{
	blake2s(construction, sizeof(construction) - 1, NULL, 0, t->chaining_key);
	blake2s(t->chaining_key, sizeof(t->chaining_key), identifier, sizeof(identifier) - 1,
	        t->hash);
	mix_hash(t, responder->b, sizeof(responder->b));
}

static void mix_ephemeral(struct noise_transcript *t, const uint8_t ephemeral[static WG_KEY_LEN])
{
	mix_hash(t, ephemeral, WG_KEY_LEN);
	mix_input(t, ephemeral);
}

static int need_static_static(const struct noise_identity *identity, struct noise_remote *remote)
{
	int r;

	if (remote->static_static_known)
		return 0;
	r = x25519(identity->private_key.b, remote->public_key.b, remote->static_static);
	remote->static_static_known = r == 0;
	return r;
}

/* 5.4.5: KDF2(ck, empty). The initiator sends with the first key and receives with the second. */
static void derive(const struct noise_transcript *t, uint8_t (*first)[WG_KEY_LEN],
                   uint8_t (*second)[WG_KEY_LEN])
{
	uint8_t(*const outputs[])[WG_HASH_LEN] = {first, second};

	blake2s_kdf(t->chaining_key, NULL, 0, outputs, 2);
}

void wg_noise_identity_set(struct noise_identity *identity, const struct wg_private_key *key)
{
	key_wipe(identity, sizeof(*identity));
	if (key_is_zero(key->b))
		return;
	identity->set = true;
	identity->private_key = *key;
	key_wg_clamp(&identity->private_key);
	key_wg_public(&identity->private_key, &identity->public_key);
}

void wg_noise_remote_reset(struct noise_remote *remote)
{
	key_wipe(remote->static_static, sizeof(remote->static_static));
	remote->static_static_known = false;
}

int wg_noise_make_initiation(const struct noise_identity *identity, struct noise_remote *remote,
                             const struct wg_private_key *ephemeral, struct tai64n timestamp,
                             struct noise_initiator *ret, struct wg_initiation *ret_msg)
{
	struct noise_transcript t;
	struct wg_public_key public_ephemeral;
	uint8_t key[WG_KEY_LEN], label[WG_TAI64N_LEN];
	int r = need_static_static(identity, remote);

	assert(identity->set);
	if (r < 0)
		return r;
	begin(&t, &remote->public_key);
	key_wg_public(ephemeral, &public_ephemeral);
	mix_ephemeral(&t, public_ephemeral.b);
	r = mix_dh_key(&t, ephemeral, remote->public_key.b, key);
	if (r < 0)
		goto out;
	memcpy(ret_msg->ephemeral, public_ephemeral.b, sizeof(ret_msg->ephemeral));
	seal_and_hash(&t, key, identity->public_key.b, WG_KEY_LEN, ret_msg->sealed_static);
	mix_key(&t, remote->static_static, key);
	wg_tai64n_encode(timestamp, label);
	seal_and_hash(&t, key, label, sizeof(label), ret_msg->sealed_timestamp);
	ret->transcript = t;
	ret->ephemeral = *ephemeral;
out:
	key_wipe(&t, sizeof(t));
	key_wipe(key, sizeof(key));
	return r;
}

int wg_noise_read_initiation(const struct noise_identity *identity, const struct wg_initiation *msg,
                             struct noise_responder *ret)
{
	struct noise_responder read = {0};
	uint8_t key[WG_KEY_LEN];
	int r;

	assert(identity->set);
	begin(&read.transcript, &identity->public_key);
	memcpy(read.remote_ephemeral, msg->ephemeral, sizeof(read.remote_ephemeral));
	mix_ephemeral(&read.transcript, msg->ephemeral);
	r = mix_dh_key(&read.transcript, &identity->private_key, msg->ephemeral, key);
	if (r == 0)
		r = open_and_hash(&read.transcript, key, msg->sealed_static,
		                  sizeof(msg->sealed_static), read.remote_static.b);
	if (r == 0)
		*ret = read;
	key_wipe(&read, sizeof(read));
	key_wipe(key, sizeof(key));
	return r;
}

int wg_noise_read_timestamp(const struct noise_identity *identity, struct noise_remote *remote,
                            const struct wg_initiation *msg, struct noise_responder *responder,
                            struct tai64n *ret)
{
	struct noise_transcript t = responder->transcript;
	uint8_t key[WG_KEY_LEN] = {0}, label[WG_TAI64N_LEN];
	int r = need_static_static(identity, remote);

	if (r == 0) {
		mix_key(&t, remote->static_static, key);
		r = open_and_hash(&t, key, msg->sealed_timestamp, sizeof(msg->sealed_timestamp),
		                  label);
	}
	if (r == 0) {
		responder->transcript = t;
		*ret = wg_tai64n_decode(label);
	}
	key_wipe(&t, sizeof(t));
	key_wipe(key, sizeof(key));
	return r;
}

int wg_noise_make_response(struct noise_responder *responder, const struct noise_remote *remote,
                           const struct wg_private_key *ephemeral, struct wg_response *ret_msg,
                           struct noise_keys *ret_keys)
{
	struct noise_transcript *t = &responder->transcript;
	struct wg_public_key public_ephemeral;
	uint8_t key[WG_KEY_LEN] = {0};
	int r;

	key_wg_public(ephemeral, &public_ephemeral);
	mix_ephemeral(t, public_ephemeral.b);
	r = mix_dh(t, ephemeral, responder->remote_ephemeral);
	if (r == 0)
		r = mix_dh(t, ephemeral, remote->public_key.b);
	if (r < 0)
		goto out;
	mix_psk(t, &remote->preshared_key, key);
	memcpy(ret_msg->ephemeral, public_ephemeral.b, sizeof(ret_msg->ephemeral));
	seal_and_hash(t, key, NULL, 0, ret_msg->sealed_nothing);
	derive(t, &ret_keys->receive, &ret_keys->send);
out:
	key_wipe(responder, sizeof(*responder));
	key_wipe(key, sizeof(key));
	return r;
}

int wg_noise_read_response(const struct noise_identity *identity, const struct noise_remote *remote,
                           const struct noise_initiator *initiator, const struct wg_response *msg,
                           struct noise_keys *ret)
{
	struct noise_transcript t = initiator->transcript;
	uint8_t key[WG_KEY_LEN] = {0}, nothing[1];
	int r;

	mix_ephemeral(&t, msg->ephemeral);
	r = mix_dh(&t, &initiator->ephemeral, msg->ephemeral);
	if (r == 0)
		r = mix_dh(&t, &identity->private_key, msg->ephemeral);
	if (r < 0)
		goto out;
	mix_psk(&t, &remote->preshared_key, key);
	r = open_and_hash(&t, key, msg->sealed_nothing, sizeof(msg->sealed_nothing), nothing);
	if (r == 0)
		derive(&t, &ret->send, &ret->receive);
out:
	key_wipe(&t, sizeof(t));
	key_wipe(key, sizeof(key));
	return r;
}
