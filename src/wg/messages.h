/* SPDX-License-Identifier: Apache-2.0 */
/* The four messages and the constants of the WireGuard protocol (the sections named here are those
 * of the WireGuard paper, see device.h). All integers are little endian. The structs consist of
 * bytes, so any address may be cast to them once the length has been checked. */
#ifndef LS_WG_MESSAGES_H
#define LS_WG_MESSAGES_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "crypto/aead.h"
#include "wire/cursor.h"

enum wg_message_type {
	WG_MESSAGE_INITIATION = 1,
	WG_MESSAGE_RESPONSE = 2,
	WG_MESSAGE_COOKIE = 3,
	WG_MESSAGE_DATA = 4,
};

enum {
	WG_KEY_LEN = 32,
	WG_HASH_LEN = 32,
	WG_MAC_LEN = 16,
	WG_COOKIE_LEN = 16,
	WG_TAI64N_LEN = 12,
};

/* What a data message adds to its packet (5.4.6). */
enum {
	WG_DATA_HEADER = 16,        /* struct wg_data_header: before the plaintext */
	WG_DATA_TAG = AEAD_TAG_LEN, /* Poly1305 tag: after the padded plaintext */
	WG_PADDING = 16, /* the plaintext is padded to a multiple of this, but not beyond the MTU */
	WG_DATA_OVERHEAD = WG_DATA_HEADER + WG_DATA_TAG,
};

/* Both MACs end a handshake message. mac1 covers all bytes before it; mac2 covers those and mac1
 * (5.4.4). */
struct wg_macs {
	uint8_t mac1[WG_MAC_LEN];
	uint8_t mac2[WG_MAC_LEN];
};

struct wg_initiation { /* 5.4.2 */
	struct ls_le32 type;
	struct ls_le32 sender;
	uint8_t ephemeral[WG_KEY_LEN];
	uint8_t sealed_static[WG_KEY_LEN + AEAD_TAG_LEN];
	uint8_t sealed_timestamp[WG_TAI64N_LEN + AEAD_TAG_LEN];
	struct wg_macs macs;
};

struct wg_response { /* 5.4.3 */
	struct ls_le32 type;
	struct ls_le32 sender;
	struct ls_le32 receiver;
	uint8_t ephemeral[WG_KEY_LEN];
	uint8_t sealed_nothing[AEAD_TAG_LEN];
	struct wg_macs macs;
};

struct wg_cookie_reply { /* 5.4.7 */
	struct ls_le32 type;
	struct ls_le32 receiver;
	uint8_t nonce[XAEAD_NONCE_LEN];
	uint8_t sealed_cookie[WG_COOKIE_LEN + AEAD_TAG_LEN];
};

struct wg_data_header { /* 5.4.6; the sealed packet follows */
	struct ls_le32 type;
	struct ls_le32 receiver;
	struct ls_le64 counter;
};

static_assert(sizeof(struct wg_initiation) == 148, "paper 5.4.2");
static_assert(sizeof(struct wg_response) == 92, "paper 5.4.3");
static_assert(sizeof(struct wg_cookie_reply) == 64, "paper 5.4.7");
static_assert(sizeof(struct wg_data_header) == WG_DATA_HEADER, "paper 5.4.6");

/* Section 6.1. */
#define WG_REKEY_AFTER_MESSAGES  (UINT64_C(1) << 60)
#define WG_REJECT_AFTER_MESSAGES (UINT64_MAX - (UINT64_C(1) << 13)) /* 2^64 - 2^13 - 1 */
#define WG_REKEY_AFTER_TIME_NS   (120 * LS_NS_PER_S)
#define WG_REJECT_AFTER_TIME_NS  (180 * LS_NS_PER_S)
#define WG_REKEY_ATTEMPT_TIME_NS (90 * LS_NS_PER_S)
#define WG_REKEY_TIMEOUT_NS      (5 * LS_NS_PER_S)
#define WG_KEEPALIVE_TIMEOUT_NS  (10 * LS_NS_PER_S)

/* Section 6.4: a peer's keys are wiped this long after its last session began. */
#define WG_ZERO_KEYS_AFTER_NS (3 * WG_REJECT_AFTER_TIME_NS)
/* Section 6.1: a retry waits up to a third of a second longer, chosen at random, so that two ends
 * that start at the same time do not collide again and again. */
#define WG_JITTER_MAX_NS (333 * LS_NS_PER_MS)

/* Section 5.3: a cookie is valid for two minutes. Its user stops using it a little earlier. */
#define WG_COOKIE_LIFETIME_NS (120 * LS_NS_PER_S)
#define WG_COOKIE_LATENCY_NS  (5 * LS_NS_PER_S)

/* A peer's initiations are accepted at most 50 times per second. Timestamps are rounded down to
 * 2^24 ns, almost 17 ms, so that they reveal little about the sender's clock. */
#define WG_INITIATION_INTERVAL_NS (LS_NS_PER_S / 50)
#define WG_TIMESTAMP_GRAIN_NS     (UINT64_C(1) << 24)

/* The length of the data message for a packet of `len` bytes, on a tunnel with that MTU (0:
 * unknown). Padding (5.4.6) does not go beyond the MTU; a longer packet, for which another MTU
 * holds, is not padded. */
static inline size_t wg_sealed_len(size_t len, uint32_t mtu)
{
	size_t padded = (len + WG_PADDING - 1) & ~(size_t)(WG_PADDING - 1);

	if (mtu > 0 && padded > mtu)
		padded = len > mtu ? len : mtu;
	return padded + WG_DATA_OVERHEAD;
}

#endif
