/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors: RFC 7748 (X25519), RFC 8439 (ChaCha20-Poly1305), RFC 7693 (BLAKE2s),
 * draft-irtf-cfrg-xchacha-03 (XChaCha20-Poly1305). For HMAC, HKDF and keyed BLAKE2s there are none:
 * those values come from Python's hashlib and hmac. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/keys.h"
#include "crypto/x25519.h"

static size_t unhex(const char *hex, uint8_t *ret, size_t max)
{
	size_t len = 0;

	assert_int_equal(sodium_hex2bin(ret, max, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

static void assert_hex(const uint8_t *data, size_t len, const char *hex)
{
	uint8_t want[1024];

	assert_int_equal(unhex(hex, want, sizeof(want)), len);
	assert_memory_equal(data, want, len);
}

static void test_x25519(void **state)
{
	static const struct {
		const char *scalar, *point, *out; /* out NULL: refused */
	} rows[] = {
	        /* RFC 7748 section 5.2 */
	        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
	        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	        /* section 6.1 */
	        {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	         "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
	        /* points of small order */
	        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	         "0000000000000000000000000000000000000000000000000000000000000000", NULL},
	        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	         "0100000000000000000000000000000000000000000000000000000000000000", NULL},
	        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	         "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t scalar[32], point[32], out[32];

		(void)unhex(rows[i].scalar, scalar, sizeof(scalar));
		(void)unhex(rows[i].point, point, sizeof(point));
		assert_int_equal(x25519(scalar, point, out), rows[i].out ? 0 : -EBADMSG);
		if (rows[i].out)
			assert_hex(out, sizeof(out), rows[i].out);
	}
}

static void test_x25519_iterated(void **state)
{
	uint8_t k[32] = {9}, u[32] = {9}, out[32];

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		assert_int_equal(x25519(k, u, out), 0);
		memcpy(u, k, sizeof(u));
		memcpy(k, out, sizeof(k));
		if (i == 1)
			assert_hex(k, 32,
			           "422c8e7a6227d7bca1350b3e2bb7279f"
			           "7897b87bb6854b783c60e80311ae3079");
	}
	assert_hex(k, 32, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

static const char rfc8439_plain[] =
        "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
        "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
        "Internet-Drafts as reference material or to cite them other than as "
        "/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
static const char rfc8439_key[] =
        "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0";
static const char rfc8439_sealed[] =
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e38"
        "2d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f9"
        "82b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d"
        "46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04"
        "b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049"
        "e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709b"
        "eead9d67890cbb22392336fea1851f38";

/* RFC 8439 appendix A.5: the one published vector whose nonce has WireGuard's four leading zeroes.
 */
static void test_aead_once(void **state)
{
	const uint64_t counter = 0x0807060504030201;
	const size_t len = sizeof(rfc8439_plain) - 1;
	uint8_t key[32], ad[12], out[512], back[512];
	struct aead_ad with = {.data = ad, .len = sizeof(ad)};

	(void)state;
	(void)unhex(rfc8439_key, key, sizeof(key));
	(void)unhex("f33388860000000000004e91", ad, sizeof(ad));
	aead_seal_once(key, counter, with, rfc8439_plain, len, out);
	assert_hex(out, len + AEAD_TAG_LEN, rfc8439_sealed);
	assert_int_equal(aead_open_once(key, counter, with, out, len + AEAD_TAG_LEN, back), 0);
	assert_memory_equal(back, rfc8439_plain, len);
	assert_int_equal(aead_open_once(key, counter + 1, with, out, len + AEAD_TAG_LEN, back),
	                 -EBADMSG);
	ad[0] ^= 1;
	assert_int_equal(aead_open_once(key, counter, with, out, len + AEAD_TAG_LEN, back),
	                 -EBADMSG);
	assert_int_equal(aead_open_once(key, counter, with, out, AEAD_TAG_LEN - 1, back), -EBADMSG);
}

/* The packet form (OpenSSL) against the handshake form (libsodium) over every length that matters:
 * two implementations, one of them held to the RFC's vector above. */
static void test_aead_packets(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 16, 63, 64, 65, 127, 128, 576, 1420, 1424, 9000};
	struct aead *aead = aead_new();
	uint8_t key[32], plain[9000], want[9016], got[9016];

	(void)state;
	(void)unhex(rfc8439_key, key, sizeof(key));
	randombytes_buf(plain, sizeof(plain));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = lengths[i];
		uint64_t counter = (UINT64_C(1) << 32) + i; /* past 32 bits */

		aead_seal_once(key, counter, (struct aead_ad){0}, plain, len, want);
		memcpy(got, plain, len);
		aead_seal(aead, key, counter, got, len);
		assert_memory_equal(got, want, len + AEAD_TAG_LEN);
		assert_int_equal(aead_open(aead, key, counter, got, len), 0);
		assert_memory_equal(got, plain, len);
		aead_seal(aead, key, counter, got, len);
		got[len + 3] ^= 0x40;
		assert_int_equal(aead_open(aead, key, counter, got, len), -EBADMSG);
		assert_int_equal(aead_open(aead, key, counter ^ (UINT64_C(1) << 32), want, len),
		                 -EBADMSG);
	}
	aead_forget(aead);
	aead_free(aead);
	aead_free(NULL);
}

/* The contexts remember the last key; nobody may notice. */
static void test_aead_changes_keys(void **state)
{
	struct aead *aead = aead_new();
	uint8_t keys[3][32] = {{0}, {1}, {[31] = 1}}, want[48], got[48];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		const uint8_t *seal_key = keys[i % 3], *open_key = keys[i / 3 % 3];

		memset(got, 7, sizeof(got));
		aead_seal_once(seal_key, i, (struct aead_ad){0}, got, 32, want);
		aead_seal(aead, seal_key, i, got, 32);
		assert_memory_equal(got, want, sizeof(got));
		assert_int_equal(aead_open(aead, open_key, i, got, 32),
		                 seal_key == open_key ? 0 : -EBADMSG);
		if (i % 7 == 0)
			aead_forget(aead);
	}
	aead_free(aead);
}

static void test_xaead(void **state)
{
	static const char plain[] =
	        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
	        "the future, sunscreen would be it.";
	static const char sealed[] =
	        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440b"
	        "f3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3f"
	        "ac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
	        "c0875924c1c7987947deafd8780acf49";
	uint8_t key[32], nonce[24], ad[12], out[256], back[256];
	struct aead_ad with = {.data = ad, .len = sizeof(ad)};
	const size_t len = sizeof(plain) - 1;

	(void)state;
	(void)unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", key, 32);
	(void)unhex("404142434445464748494a4b4c4d4e4f5051525354555657", nonce, 24);
	(void)unhex("50515253c0c1c2c3c4c5c6c7", ad, 12);
	xaead_seal(key, nonce, with, plain, len, out);
	assert_hex(out, len + AEAD_TAG_LEN, sealed);
	assert_int_equal(xaead_open(key, nonce, with, out, len + AEAD_TAG_LEN, back), 0);
	assert_memory_equal(back, plain, len);
	out[0] ^= 1;
	assert_int_equal(xaead_open(key, nonce, with, out, len + AEAD_TAG_LEN, back), -EBADMSG);
}

/* RFC 2104, from the hash alone. */
static void hmac_by_definition(const uint8_t key[static 32], const uint8_t *data, size_t len,
                               uint8_t ret[static 32])
{
	uint8_t inner[64], outer[64], digest[32];

	memset(inner, 0x36, sizeof(inner));
	memset(outer, 0x5c, sizeof(outer));
	for (size_t i = 0; i < 32; i++) {
		inner[i] ^= key[i];
		outer[i] ^= key[i];
	}
	blake2s(inner, sizeof(inner), data, len, digest);
	blake2s(outer, sizeof(outer), digest, sizeof(digest), ret);
}

/* HKDF (RFC 5869) with an HMAC that the vectors have shown to be right. */
static void check_kdf(const uint8_t key[static 32], const uint8_t *data, size_t len)
{
	uint8_t secret[32], block[33], wanted[32], one[32], two[32];
	uint8_t(*const outputs[])[32] = {&one, &two};

	blake2s_kdf(key, data, len, outputs, 2);
	hmac_by_definition(key, data, len, secret);
	block[0] = 1;
	hmac_by_definition(secret, block, 1, wanted);
	assert_memory_equal(one, wanted, sizeof(one));
	memcpy(block, wanted, sizeof(wanted));
	block[32] = 2;
	hmac_by_definition(secret, block, sizeof(block), wanted);
	assert_memory_equal(two, wanted, sizeof(two));
}

static void test_blake2s(void **state)
{
	static const struct {
		size_t len;
		const char *mac, *hmac, *hash;
	} rows[] = {
	        {0, "9536f9b267655743dee97b8a670f9f53",
	         "e2641d24dfa8dd89e8cb77f1cdc77d8c006e5bebdfc4d6a3a3a6f8d5b7586fb0",
	         "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"},
	        {1, "13bacfb85b48a1223c595f8c1e7e82cb",
	         "3c657ea8362eeb115466cc90a81a36d2994b7153729c01f50a19be2ca3cce643",
	         "e34d74dbaf4ff4c6abd871cc220451d2ea2648846c7757fbaac82fe51ad64bea"},
	        {64, "f1efa90d2547036841ecd3627fafbc36",
	         "3b35e945d05ac982850451ac8b6cdfffb98e56f50b95272fab665de081691056",
	         "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e"},
	        {255, "cd075928ab7e6883e697fe7fd3ac43ee",
	         "9b73679035213d2d7000d8d61e7e2e12fcd284dad2237473759fc4d744568623",
	         "f03f5789d3336b80d002d59fdf918bdb775b00956ed5528e86aa994acb38fe2d"},
	};
	struct blake2s_mac *mac;
	uint8_t key[32], data[255], out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	memcpy(key, data, sizeof(key));
	/* RFC 7693 appendix B */
	blake2s("abc", 3, NULL, 0, out);
	assert_hex(out, 32, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
	mac = blake2s_mac_new(key, sizeof(key));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t half = rows[i].len / 2;

		blake2s(data, half, data + half, rows[i].len - half, out);
		assert_hex(out, 32, rows[i].hash);
		hmac_by_definition(key, data, rows[i].len, out);
		assert_hex(out, 32, rows[i].hmac);
		check_kdf(key, data, rows[i].len);
		blake2s_mac_compute(mac, data, rows[i].len, out);
		assert_hex(out, 16, rows[i].mac);
		blake2s_mac_once(key, sizeof(key), data, rows[i].len, out);
		assert_hex(out, 16, rows[i].mac);
	}
	blake2s_mac_free(mac);
}

static void test_kdf(void **state)
{
	static const char *const want[] = {
	        "87b7f70b24183c6db5dc4f6d9f4c47cdb203321aa2a0bef714896adb3107a040",
	        "538a02e1eb2e31b7e4d4b82476d1fe2acf50085d3fb584537279195f5d1f5824",
	        "9ad858025593be88de0f9442a589cfe84a88dc19e4753d93684d1c5efc4837f9"};
	uint8_t key[32], two[32], three[32];
	uint8_t(*const outputs[])[BLAKE2S_LEN] = {&key, &two, &three};

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	blake2s_kdf(key, "input", 5, outputs, 3); /* the first output is the chaining key itself */
	assert_hex(key, 32, want[0]);
	assert_hex(two, 32, want[1]);
	assert_hex(three, 32, want[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_x25519),
	        cmocka_unit_test(test_x25519_iterated),
	        cmocka_unit_test(test_aead_once),
	        cmocka_unit_test(test_aead_packets),
	        cmocka_unit_test(test_aead_changes_keys),
	        cmocka_unit_test(test_xaead),
	        cmocka_unit_test(test_blake2s),
	        cmocka_unit_test(test_kdf),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
