/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/cursor.h"

#define START_NS   (1000 * LS_NS_PER_S)
#define WALL_START UINT64_C(1750000000)

uint64_t sim_random(struct sim *sim)
{
	uint64_t x = sim->seed; /* xorshift64*, Vigna 2016 */

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	sim->seed = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void count(struct sim_node *node, const uint8_t *data, size_t len)
{
	unsigned type = data[0];

	must(len >= 4 && type >= 1 && type <= WG_MESSAGE_DATA);
	if (type == WG_MESSAGE_DATA && len == WG_DATA_OVERHEAD)
		type = SIM_KEEPALIVE;
	node->sent[type].n++;
	node->sent[type].last_ns = node->sim->now_ns;
	node->sent[type].last_len = len;
}

void sim_inject(struct sim *sim, const struct ls_endpoint *src, const struct ls_endpoint *dst,
                const void *data, size_t len)
{
	void *array = sim->flight;
	struct sim_datagram *d;

	must(len <= SIM_PACKET_MAX);
	must(ls_try_grow(&array, &sim->flight_cap, sim->flight_count + 1, sizeof(*sim->flight)) ==
	     0);
	sim->flight = array;
	d = &sim->flight[sim->flight_count++];
	d->at_ns = sim->now_ns + sim->latency_ns +
	           (sim->spread_ns ? sim_random(sim) % sim->spread_ns : 0);
	d->order = sim->order++;
	d->src = *src;
	d->dst = *dst;
	d->len = len;
	memcpy(d->data, data, len);
}

static void put_on_wire(struct sim_node *node, const struct wg_path *path, const uint8_t *data,
                        size_t len)
{
	struct sim *sim = node->sim;
	const struct ls_endpoint *dst = &path->remote;
	struct ls_endpoint src = node->address;

	if (path->local.family != LS_FAMILY_NONE && ls_ip_equal(&path->local, &node->second))
		src.ip = path->local;

	count(node, data, len);
	if (sim_random(sim) % 100 < sim->loss_percent)
		return;
	sim_inject(sim, &src, dst, data, len);
	if (sim_random(sim) % 100 < sim->duplicate_percent)
		sim_inject(sim, &src, dst, data, len);
}

static void node_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	put_on_wire(user, path, data, len);
}

static enum wg_route node_route(void *user, const struct wg_path *path)
{
	struct sim_node *node = user;

	(void)path;
	node->asked++;
	return node->route;
}

static void node_random(void *user, void *buf, size_t len)
{
	struct sim_node *node = user;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(sim_random(node->sim) >> 32);
}

static void node_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	struct sim_node *node = user;
	uint64_t ns = node->sim->now_ns - START_NS;

	*ret_s = WALL_START + (uint64_t)node->wall_offset_s + ns / LS_NS_PER_S;
	*ret_ns = (uint32_t)(ns % LS_NS_PER_S);
}

static void node_changed(void *user, const struct wg_public_key *peer)
{
	struct sim_node *node = user;

	(void)peer;
	node->changed++;
}

static const struct wg_device_ops node_ops = {
        .send = node_send,
        .route = node_route,
        .random = node_random,
        .wall = node_wall,
        .peer_changed = node_changed,
};

void sim_configure(struct sim *sim, unsigned a, const struct wg_config *config)
{
	must(wg_device_configure(sim->nodes[a].dev, config, sim->now_ns) == 0);
}

static void start_node(struct sim_node *node)
{
	struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY,
	                           .private_key = node->private_key};

	node->dev = wg_device_new(&node_ops, node);
	wg_device_set_mtu(node->dev, SIM_MTU);
	must(wg_device_configure(node->dev, &config, node->sim->now_ns) == 0);
}

void sim_init(struct sim *sim, unsigned nodes, uint64_t seed)
{
	must(crypto_init() == 0 && nodes <= SIM_NODES);
	memset(sim, 0, sizeof(*sim));
	sim->now_ns = START_NS;
	sim->seed = seed * 2 + 1;
	sim->latency_ns = 20 * LS_NS_PER_MS;
	sim->node_count = nodes;
	for (unsigned i = 0; i < nodes; i++) {
		struct sim_node *node = &sim->nodes[i];

		node->sim = sim;
		node_random(node, node->private_key.b, sizeof(node->private_key.b));
		key_wg_clamp(&node->private_key);
		key_wg_public(&node->private_key, &node->public_key);
		node->address = (struct ls_endpoint){
		        .ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, (uint8_t)(i + 1)}},
		        .port = 51820};
		start_node(node);
	}
}

void sim_done(struct sim *sim)
{
	for (unsigned i = 0; i < sim->node_count; i++)
		wg_device_free(sim->nodes[i].dev);
	free(sim->flight);
}

static struct wg_config one_peer(struct sim *sim, unsigned b, unsigned flags)
{
	struct wg_config config = {0};
	struct wg_peer_config *peer = wg_config_add_peer(&config, &sim->nodes[b].public_key);

	must(peer != NULL);
	peer->flags = flags;
	return config;
}

void sim_add_peer(struct sim *sim, unsigned a, unsigned b, bool endpoint)
{
	struct wg_config config = one_peer(sim, b, endpoint ? WG_PEER_ENDPOINT : 0);
	struct ls_prefix v4 = {.ip = {.family = LS_FAMILY_V4, .b = {10, 0, 0, (uint8_t)(b + 1)}},
	                       .bits = 32};
	struct ls_prefix v6 = {.ip = {.family = LS_FAMILY_V6, .b = {0xfd, [15] = (uint8_t)(b + 1)}},
	                       .bits = 128};

	config.peers[0].endpoint = sim->nodes[b].address;
	must(wg_config_add_allowed_ip(&config.peers[0], &v4, false) == 0);
	must(wg_config_add_allowed_ip(&config.peers[0], &v6, false) == 0);
	sim_configure(sim, a, &config);
	wg_config_done(&config);
}

void sim_link(struct sim *sim, unsigned a, unsigned b)
{
	sim_add_peer(sim, a, b, true);
	sim_add_peer(sim, b, a, true);
}

void sim_set_keepalive(struct sim *sim, unsigned a, unsigned b, uint16_t seconds)
{
	struct wg_config config = one_peer(sim, b, WG_PEER_KEEPALIVE | WG_PEER_UPDATE_ONLY);

	config.peers[0].keepalive_s = seconds;
	sim_configure(sim, a, &config);
	wg_config_done(&config);
}

void sim_set_psk(struct sim *sim, unsigned a, unsigned b, uint8_t byte)
{
	struct wg_config config = one_peer(sim, b, WG_PEER_PRESHARED_KEY | WG_PEER_UPDATE_ONLY);

	memset(config.peers[0].preshared_key.b, byte, sizeof(config.peers[0].preshared_key.b));
	sim_configure(sim, a, &config);
	wg_config_done(&config);
}

void sim_restart(struct sim *sim, unsigned a)
{
	wg_device_free(sim->nodes[a].dev);
	start_node(&sim->nodes[a]);
}

size_t sim_inner(unsigned a, unsigned b, uint32_t number, size_t len, uint8_t *ret)
{
	struct ls_be16 total = ls_be16_of((uint16_t)len);
	struct ls_be32 be = ls_be32_of(number);

	memset(ret, 0, len);
	ret[0] = 0x45;
	memcpy(ret + 2, total.b, sizeof(total.b));
	memcpy(ret + 12, (uint8_t[]){10, 0, 0, (uint8_t)(a + 1)}, 4);
	memcpy(ret + 16, (uint8_t[]){10, 0, 0, (uint8_t)(b + 1)}, 4);
	memcpy(ret + 20, be.b, sizeof(be.b));
	return len;
}

int sim_send_len(struct sim *sim, unsigned a, unsigned b, uint32_t number, size_t len)
{
	struct sim_node *node = &sim->nodes[a];
	uint8_t buf[SIM_PACKET_MAX];
	uint8_t *packet = buf + WG_DATA_HEADER;
	struct wg_seal seal = {.data = buf, .len = sim_inner(a, b, number, len, packet)};
	struct wg_peer *peer = wg_device_route(node->dev, packet, seal.len);
	struct wg_path path;
	int r;

	if (!peer)
		return -EHOSTUNREACH;
	r = wg_peer_seal(peer, &seal, 1, sim->now_ns, &path);
	if (r == 0)
		put_on_wire(node, &path, seal.data, seal.sealed_len);
	else
		wg_peer_stage(peer, packet, seal.len, sim->now_ns);
	return r;
}

int sim_send(struct sim *sim, unsigned a, unsigned b, uint32_t number)
{
	return sim_send_len(sim, a, b, number, 64);
}

static void deliver(struct sim_node *node, const struct wg_open *open)
{
	struct ls_be32 be;

	must(open->packet_len >= 24 && open->peer != NULL);
	memcpy(be.b, open->packet + 20, sizeof(be.b));
	node->delivered++;
	node->last_delivered = ls_be32_get(be);
	if (node->last_delivered < sizeof(node->seen))
		node->seen[node->last_delivered]++;
}

static void arrive(struct sim *sim, struct sim_datagram *d)
{
	if (sim->tap && !sim->tap(sim, d, sim->tap_user))
		return;
	for (unsigned i = 0; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];
		struct wg_open open = {.data = d->data, .len = d->len};

		const struct wg_path path = {.remote = d->src, .local = d->dst.ip, .link = 1};

		if (d->dst.port != node->address.port ||
		    (!ls_ip_equal(&node->address.ip, &d->dst.ip) &&
		     !ls_ip_equal(&node->second, &d->dst.ip)))
			continue;
		wg_device_open(node->dev, &path, &open, 1, sim->now_ns);
		if (open.packet)
			deliver(node, &open);
	}
}

static struct sim_datagram *first_in_flight(struct sim *sim)
{
	struct sim_datagram *first = NULL;

	for (size_t i = 0; i < sim->flight_count; i++) {
		struct sim_datagram *d = &sim->flight[i];

		if (!first || d->at_ns < first->at_ns ||
		    (d->at_ns == first->at_ns && d->order < first->order))
			first = d;
	}
	return first;
}

void sim_run_until(struct sim *sim, uint64_t at_ns)
{
	for (;;) {
		struct sim_datagram *d = first_in_flight(sim), copy;
		uint64_t next_ns = d ? d->at_ns : LS_NEVER;
		struct sim_node *due = NULL;

		for (unsigned i = 0; i < sim->node_count; i++) {
			uint64_t deadline_ns = wg_device_next_deadline(sim->nodes[i].dev);

			if (deadline_ns < next_ns) {
				next_ns = deadline_ns;
				due = &sim->nodes[i];
			}
		}
		if (next_ns > at_ns)
			break;
		if (next_ns > sim->now_ns)
			sim->now_ns = next_ns;
		if (due) {
			wg_device_tick(due->dev, sim->now_ns);
			continue;
		}
		copy = *d;
		*d = sim->flight[--sim->flight_count];
		arrive(sim, &copy);
	}
	sim->now_ns = at_ns;
}

void sim_run_for(struct sim *sim, uint64_t ns)
{
	sim_run_until(sim, sim->now_ns + ns);
}

struct wg_peer_config sim_peer(struct sim *sim, unsigned a)
{
	struct wg_config config;
	struct wg_peer_config peer;

	must(wg_device_dump(sim->nodes[a].dev, &config) == 0 && config.peer_count > 0);
	peer = config.peers[0];
	peer.allowed_ips = NULL;
	wg_config_done(&config);
	return peer;
}
