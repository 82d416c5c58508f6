/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of the engine per packet, without I/O: one device encrypts batches, another decrypts
 * them.
 *
 *    bench_wg [MILLISECONDS] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "wg/device.h"
#include "wg/messages.h"
#include "wg/receive.h"
#include "wg/send.h"

enum {
	BATCH = 64,
	ROOM = 2048,
	MTU = 1420,
	MANY_PEERS = 10000,
};

struct end {
	struct wg_device *dev;
	struct end *other;
	struct ls_endpoint address;
	struct wg_private_key key;
};

struct result {
	double seal_ns;
	double open_ns;
};

static struct end ends[2];
static uint8_t buffers[BATCH][ROOM];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_wg: %s failed\n", what);
	exit(EXIT_FAILURE);
}

/* Handshake messages on their way; there is never more than one at a time. */
static struct {
	struct end *from;
	size_t len;
	uint8_t data[ROOM];
} wire;

static void end_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	(void)path;
	must(len <= sizeof(wire.data) && !wire.from, "one small datagram at a time");
	wire.from = user;
	wire.len = len;
	memcpy(wire.data, data, len);
}

static void deliver(void)
{
	while (wire.from) {
		struct end *from = wire.from;
		struct wg_open open = {.data = wire.data, .len = wire.len};
		const struct wg_path path = {.remote = from->address};
		uint8_t copy[ROOM];

		memcpy(copy, wire.data, wire.len);
		open.data = copy;
		wire.from = NULL;
		wg_device_open(from->other->dev, &path, &open, 1, ls_now_ns());
	}
}

static void end_random(void *user, void *buf, size_t len)
{
	(void)user;
	randombytes_buf(buf, len);
}

static void end_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	struct timespec ts;

	(void)user;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	*ret_s = (uint64_t)ts.tv_sec;
	*ret_ns = (uint32_t)ts.tv_nsec;
}

static const struct wg_device_ops ops = {.send = end_send, .random = end_random, .wall = end_wall};

static void add_peer(struct wg_config *config, const struct wg_public_key *key,
                     const struct ls_endpoint *at, uint32_t host)
{
	struct wg_peer_config *peer = wg_config_add_peer(config, key);
	struct ls_prefix prefix = {
	        .ip = {.family = LS_FAMILY_V4,
	               .b = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}},
	        .bits = 32};

	must(peer != NULL, "adding a peer");
	peer->flags = WG_PEER_ENDPOINT;
	peer->endpoint = *at;
	must(wg_config_add_allowed_ip(peer, &prefix, false) == 0, "adding an address");
}

static void setup(unsigned extra_peers)
{
	for (unsigned i = 0; i < 2; i++) {
		ends[i] = (struct end){
		        .other = &ends[1 - i],
		        .address = {.ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, (uint8_t)i}},
		                    .port = 51820}};
		key_wg_generate(&ends[i].key);
		ends[i].dev = wg_device_new(&ops, &ends[i]);
		wg_device_set_mtu(ends[i].dev, MTU);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY,
		                           .private_key = ends[i].key};
		struct wg_public_key key;

		key_wg_public(&ends[1 - i].key, &key);
		add_peer(&config, &key, &ends[1 - i].address, 2 - i);
		for (uint32_t n = 0; n < extra_peers; n++) {
			randombytes_buf(key.b, sizeof(key.b));
			add_peer(&config, &key, &ends[1 - i].address, 1000 + n);
		}
		must(wg_device_configure(ends[i].dev, &config, ls_now_ns()) == 0, "configure");
		wg_config_done(&config);
	}
}

static void make_packet(uint8_t *packet, size_t len)
{
	memset(packet, 0x5a, len);
	packet[0] = 0x45;
	packet[2] = (uint8_t)(len >> 8);
	packet[3] = (uint8_t)len;
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, 1}, 4);
	memcpy(packet + 16, (uint8_t[]){10, 0, 0, 2}, 4);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * LS_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* All buffers through both engines in batches of n; each packet is routed, as a data plane would.
 */
static void run_batches(size_t len, size_t n, struct result *sum)
{
	static struct wg_seal seals[BATCH];
	static struct wg_open opens[BATCH];
	struct wg_path path;
	struct wg_peer *peer = NULL;
	uint64_t now = ls_now_ns(), start, middle;

	for (size_t i = 0; i < BATCH; i++)
		make_packet(buffers[i] + WG_DATA_HEADER, len);
	start = cpu_ns();
	for (size_t at = 0; at < BATCH; at += n) {
		for (size_t i = at; i < at + n; i++) {
			peer = wg_device_route(ends[0].dev, buffers[i] + WG_DATA_HEADER, len);
			seals[i] = (struct wg_seal){.data = buffers[i], .len = len};
		}
		must(peer && wg_peer_seal(peer, seals + at, n, now, &path) == 0, "sealing");
	}
	middle = cpu_ns();
	for (size_t at = 0; at < BATCH; at += n) {
		for (size_t i = at; i < at + n; i++)
			opens[i] = (struct wg_open){.data = buffers[i], .len = seals[i].sealed_len};
		path.remote = ends[0].address;
		wg_device_open(ends[1].dev, &path, opens + at, n, now);
	}
	sum->open_ns += (double)(cpu_ns() - middle);
	sum->seal_ns += (double)(middle - start);
	must(opens[BATCH - 1].packet_len == len, "opening");
}

static struct result measure(size_t len, size_t n, uint64_t ms)
{
	struct result sum = {0};
	double packets = 0;
	uint64_t until = ls_now_ns() + ms * LS_NS_PER_MS;

	while (ls_now_ns() < until) {
		run_batches(len, n, &sum);
		packets += (double)BATCH;
	}
	return (struct result){.seal_ns = sum.seal_ns / packets, .open_ns = sum.open_ns / packets};
}

static void start_session(void)
{
	struct wg_path path;
	struct wg_peer *peer;

	make_packet(buffers[0] + WG_DATA_HEADER, 64);
	peer = wg_device_route(ends[0].dev, buffers[0] + WG_DATA_HEADER, 64);
	must(peer != NULL, "routing");
	if (wg_peer_seal(peer, &(struct wg_seal){.data = buffers[0], .len = 64}, 1, ls_now_ns(),
	                 &path) < 0)
		deliver();
}

int main(int argc, char **argv)
{
	static const size_t lengths[] = {64, 1420};
	static const size_t batches[] = {1, BATCH};
	static const unsigned peers[] = {0, MANY_PEERS};
	uint64_t ms = 500;

	must(crypto_init() == 0, "crypto_init");
	if (argc > 1)
		must(ls_parse_u64(argv[1], 1, 60000, &ms) == 0, "reading MILLISECONDS");
	(void)printf("%6s %6s %6s %10s %10s %10s %10s\n", "peers", "bytes", "batch", "seal ns",
	             "open ns", "seal Gb/s", "open Gb/s");
	for (size_t p = 0; p < sizeof(peers) / sizeof(peers[0]); p++) {
		setup(peers[p]);
		start_session();
		for (size_t i = 0; i < 4; i++) {
			size_t len = lengths[i / 2], n = batches[i % 2];
			struct result r = measure(len, n, ms);

			(void)printf("%6u %6zu %6zu %10.0f %10.0f %10.2f %10.2f\n", peers[p] + 1,
			             len, n, r.seal_ns, r.open_ns, (double)len * 8 / r.seal_ns,
			             (double)len * 8 / r.open_ns);
		}
		wg_device_free(ends[0].dev);
		wg_device_free(ends[1].dev);
	}
	return EXIT_SUCCESS;
}
