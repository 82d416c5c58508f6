/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams for an engine that has a session. The input is a list of steps: a byte that says what
 * to do, two bytes of length in little endian, and that many bytes. Random bytes never pass a MAC;
 * so steps can also repair them, with a right mac1 or by encrypting them as a data packet of the
 * session, to reach the code behind the cryptography. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fuzz.h"
#include "wg/cookie.h"
#include "wg/device.h"
#include "wg/messages.h"
#include "wg/receive.h"
#include "wg/send.h"

enum step {
	STEP_RAW,      /* the bytes as a datagram */
	STEP_WITH_MAC, /* their last 32 bytes become a valid mac1 and no mac2 */
	STEP_INNER,    /* sealed by the other side as the content of a data packet */
	STEP_SEND,     /* as an inner packet on its way out */
	STEP_TIME,     /* length is milliseconds that pass, no bytes */
	STEP_COUNT,
};

enum {
	DATAGRAM_MAX = 2048,
	WIRE_MAX = 16,
	ROUNDS_MAX = 64, /* of answers to answers in one step */
};

struct end {
	struct wg_device *dev;
	struct end *other;
	struct ls_endpoint address;
	struct wg_private_key key;
	struct wg_public_key public_key;
};

/* What was sent and has not arrived; the rest is lost. */
struct datagram {
	struct end *to;
	size_t len;
	uint8_t data[DATAGRAM_MAX + WG_DATA_OVERHEAD + WG_PADDING];
};

static struct datagram wire[WIRE_MAX];
static size_t wire_count;

static uint64_t now_ns;
static uint64_t chance;

static void open_checked(struct end *end, const struct ls_endpoint *src, const uint8_t *data,
                         size_t len)
{
	/* Memory of the exact size, so that the sanitizer sees one byte too far. */
	uint8_t *copy = malloc(len ? len : 1);
	struct wg_open open = {.data = copy, .len = len};
	const struct wg_path path = {.remote = *src};

	if (!copy)
		return;
	if (len > 0)
		memcpy(copy, data, len);
	wg_device_open(end->dev, &path, &open, 1, now_ns);
	if (open.packet) {
		FUZZ_CHECK(open.peer != NULL);
		FUZZ_CHECK(open.packet >= copy + WG_DATA_HEADER);
		FUZZ_CHECK(open.packet_len >= 20);
		FUZZ_CHECK(open.packet_len <= len - WG_DATA_OVERHEAD);
		FUZZ_CHECK(wg_device_route(end->dev, open.packet, open.packet_len) == NULL ||
		           open.packet_len >= 20);
	}
	free(copy);
}

static void end_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	const struct end *end = user;
	struct datagram *d = &wire[wire_count];

	(void)path;
	FUZZ_CHECK(len <= sizeof(d->data));
	if (wire_count == WIRE_MAX)
		return;
	wire_count++;
	d->to = end->other;
	d->len = len;
	memcpy(d->data, data, len);
}

static void deliver(void)
{
	for (int i = 0; i < ROUNDS_MAX && wire_count > 0; i++) {
		struct datagram d = wire[0];

		memmove(wire, wire + 1, --wire_count * sizeof(wire[0]));
		open_checked(d.to, &d.to->other->address, d.data, d.len);
	}
	wire_count = 0;
}

static void end_random(void *user, void *buf, size_t len)
{
	uint8_t *p = buf;

	(void)user;
	for (size_t i = 0; i < len; i++) {
		chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
		p[i] = (uint8_t)(chance >> 56);
	}
}

static void end_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	(void)user;
	*ret_s = 1750000000 + now_ns / LS_NS_PER_S;
	*ret_ns = (uint32_t)(now_ns % LS_NS_PER_S);
}

static const struct wg_device_ops ops = {.send = end_send, .random = end_random, .wall = end_wall};

static void init_end(struct end *end, uint8_t number)
{
	memset(end, 0, sizeof(*end));
	end->key.b[1] = number;
	key_wg_clamp(&end->key);
	key_wg_public(&end->key, &end->public_key);
	end->address = (struct ls_endpoint){
	        .ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, number}}, .port = 51820};
	end->dev = wg_device_new(&ops, end);
	wg_device_set_mtu(end->dev, 1420);
}

static void configure(struct end *end, const struct end *other)
{
	struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY, .private_key = end->key};
	struct wg_peer_config *peer = wg_config_add_peer(&config, &other->public_key);
	struct ls_prefix v4 = {.ip.family = LS_FAMILY_V4, .bits = 1};
	struct ls_prefix v6 = {.ip.family = LS_FAMILY_V6, .bits = 0};

	if (!peer)
		abort();
	peer->flags = WG_PEER_ENDPOINT;
	peer->endpoint = other->address;
	if (wg_config_add_allowed_ip(peer, &v4, false) < 0 ||
	    wg_config_add_allowed_ip(peer, &v6, false) < 0 ||
	    wg_device_configure(end->dev, &config, now_ns) < 0)
		abort();
	wg_config_done(&config);
}

/* Seals `len` bytes, whatever they are, for the other end. */
static void send_packet(struct end *end, const uint8_t *data, size_t len, bool stage)
{
	static const uint8_t to_peer[20] = {0x45};
	uint8_t buf[DATAGRAM_MAX + WG_DATA_OVERHEAD + WG_PADDING];
	struct wg_seal seal = {.data = buf, .len = len};
	struct wg_peer *peer = wg_device_route(end->dev, to_peer, sizeof(to_peer));
	struct wg_path path;

	FUZZ_CHECK(peer != NULL);
	if (len > 0)
		memcpy(buf + WG_DATA_HEADER, data, len);
	if (wg_peer_seal(peer, &seal, 1, now_ns, &path) == 0) {
		FUZZ_CHECK(seal.sealed_len >= len + WG_DATA_OVERHEAD);
		FUZZ_CHECK(seal.sealed_len < len + WG_DATA_OVERHEAD + WG_PADDING);
		end_send(end, &path, buf, seal.sealed_len);
	} else if (stage) {
		wg_peer_stage(peer, data, len, now_ns);
	}
}

static void with_mac(struct end *from, struct end *to, const uint8_t *data, size_t len)
{
	uint8_t buf[DATAGRAM_MAX];
	struct cookie_maker maker = {0};

	if (len < sizeof(struct wg_macs))
		return;
	memcpy(buf, data, len);
	wg_cookie_add_macs(&maker, &to->public_key, buf, len, now_ns);
	open_checked(to, &from->address, buf, len);
}

static void run_step(enum step step, struct end *a, struct end *b, const uint8_t *data, size_t len)
{
	switch (step) {
	case STEP_RAW:
		open_checked(a, &b->address, data, len);
		break;
	case STEP_WITH_MAC:
		with_mac(b, a, data, len);
		break;
	case STEP_INNER:
		send_packet(b, data, len, false);
		break;
	case STEP_SEND:
		(void)wg_device_route(a->dev, data, len);
		send_packet(a, data, len, true);
		break;
	case STEP_TIME:
	case STEP_COUNT:
		break;
	}
	deliver();
}

static void pass_time(struct end *a, struct end *b, uint64_t ms)
{
	now_ns += ms * LS_NS_PER_MS;
	wg_device_tick(a->dev, now_ns);
	wg_device_tick(b->dev, now_ns);
	FUZZ_CHECK(wg_device_next_deadline(a->dev) > now_ns);
	deliver();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[64] = {0x45, 0, 0, 64};
	struct end a, b;

	if (crypto_init() < 0)
		abort();
	now_ns = 1000 * LS_NS_PER_S;
	chance = 1;
	wire_count = 0;
	init_end(&a, 1);
	init_end(&b, 2);
	a.other = &b;
	b.other = &a;
	configure(&a, &b);
	configure(&b, &a);
	send_packet(&a, hello, sizeof(hello), true);
	deliver();
	while (size >= 3) {
		enum step step = (enum step)(data[0] % STEP_COUNT);
		size_t len = data[1] | (size_t)data[2] << 8;

		data += 3;
		size -= 3;
		if (step == STEP_TIME) {
			pass_time(&a, &b, len);
			continue;
		}
		len = len > size ? size : len;
		len = len > DATAGRAM_MAX ? DATAGRAM_MAX : len;
		run_step(step, &a, &b, data, len);
		data += len;
		size -= len;
	}
	wg_device_free(a.dev);
	wg_device_free(b.dev);
	return 0;
}
