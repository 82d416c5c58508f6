/* SPDX-License-Identifier: Apache-2.0 */
/* Engines on a simulated network with virtual time. The seed decides everything, so a failure can
 * be repeated. The simulation handles one event at a time: a datagram arrives, or a device's
 * deadline has come. */
#ifndef LS_TESTS_SIM_H
#define LS_TESTS_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "wg/device.h"
#include "wg/messages.h"
#include "wg/receive.h"
#include "wg/send.h"

enum {
	SIM_NODES = 4,
	SIM_MTU = 1420,
	SIM_TYPES = 6, /* message types 1 to 4; keepalives are counted separately */
	SIM_KEEPALIVE = 5,
	SIM_PACKET_MAX = 2048,
};

struct sim;

struct sim_count {
	unsigned n;
	uint64_t last_ns;
	size_t last_len;
};

struct sim_node {
	struct sim *sim;
	struct wg_device *dev;
	struct wg_private_key private_key;
	struct wg_public_key public_key;
	struct ls_endpoint address; /* its address on the simulated network */
	struct ls_ip second;        /* another one, or none; used only as a path says */
	enum wg_route route;        /* the answer of its routing */
	unsigned asked;             /* how often its engine asked for a route */
	int64_t wall_offset_s;      /* how far its clock is ahead of the simulation's */
	struct sim_count sent[SIM_TYPES];
	unsigned delivered;      /* inner packets */
	uint32_t last_delivered; /* the number in the last one */
	uint8_t seen[1 << 16];   /* how often each number was delivered */
	unsigned changed;        /* calls of peer_changed */
};

struct sim_datagram {
	uint64_t at_ns;
	uint64_t order;
	struct ls_endpoint src;
	struct ls_endpoint dst;
	size_t len;
	uint8_t data[SIM_PACKET_MAX];
};

struct sim {
	uint64_t now_ns;
	uint64_t seed;
	uint64_t order;
	struct sim_node nodes[SIM_NODES];
	unsigned node_count;
	struct sim_datagram *flight; /* unordered */
	size_t flight_count;
	size_t flight_cap;

	/* How the network treats datagrams. */
	uint64_t latency_ns;
	uint64_t spread_ns; /* random extra delay, which reorders datagrams */
	unsigned loss_percent;
	unsigned duplicate_percent;
	/* May read and change a datagram on its way; returns false to drop it. NULL: none. */
	bool (*tap)(struct sim *sim, struct sim_datagram *datagram, void *user);
	void *tap_user;
};

/* Nodes know their own keys and nothing else; each at 192.0.2.(1 + i):51820, with inner addresses
 * 10.0.0.(1 + i) and fd00::(1 + i). */
void sim_init(struct sim *sim, unsigned nodes, uint64_t seed);
void sim_done(struct sim *sim);
uint64_t sim_random(struct sim *sim);

/* Configures b as a peer of a; `endpoint` says whether a knows where b is. */
void sim_add_peer(struct sim *sim, unsigned a, unsigned b, bool endpoint);
/* Makes a and b peers of each other; both know the other's endpoint. */
void sim_link(struct sim *sim, unsigned a, unsigned b);
void sim_set_keepalive(struct sim *sim, unsigned a, unsigned b, uint16_t seconds);
void sim_set_psk(struct sim *sim, unsigned a, unsigned b, uint8_t byte);
void sim_configure(struct sim *sim, unsigned a, const struct wg_config *config);
/* Gives `a` a new engine with the same key and an empty state, as after a crash. */
void sim_restart(struct sim *sim, unsigned a);

/* An inner IPv4 packet with a number from a to b, of `len` bytes in all (at least 24). */
size_t sim_inner(unsigned a, unsigned b, uint32_t number, size_t len, uint8_t *ret);
/* Sends such a packet as a data plane would: encrypted, else staged. Returns the result of
 * wg_peer_seal. */
int sim_send(struct sim *sim, unsigned a, unsigned b, uint32_t number);
int sim_send_len(struct sim *sim, unsigned a, unsigned b, uint32_t number, size_t len);
/* Sends a datagram from `src` to `dst` now. */
void sim_inject(struct sim *sim, const struct ls_endpoint *src, const struct ls_endpoint *dst,
                const void *data, size_t len);

void sim_run_until(struct sim *sim, uint64_t at_ns);
void sim_run_for(struct sim *sim, uint64_t ns);

/* The only peer of `a`, from wg_device_dump. */
struct wg_peer_config sim_peer(struct sim *sim, unsigned a);

#endif
