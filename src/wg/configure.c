/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and changes a device's configuration. A change has two phases: first all checks and
 * allocations, which may fail and change nothing that others can see; then the change itself, which
 * cannot fail. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wg/device.h"
#include "wg/engine.h"
#include "wg/peer.h"
#include "wg/send.h"
#include "wg/timers.h"

enum {
	PEERS_MAX = 1 << 20
};

/* Peers allocated in the first phase, for the second phase to use. */
struct reserve {
	struct wg_peer **fresh;
	size_t count;
	size_t used;
};

static struct wg_peer *find_peer(const struct wg_device *dev, const struct wg_public_key *key)
{
	return ls_map_get(dev->by_key, key, sizeof(*key));
}

/* The largest number of peers that the change can create. A change may remove a peer and add the
 * same key again, several times; each time needs a new peer. */
static size_t count_fresh(const struct wg_device *dev, const struct wg_config *change)
{
	size_t fresh = 0, removed = 0, present = 0;

	for (size_t i = 0; i < change->peer_count; i++) {
		const struct wg_peer_config *pc = &change->peers[i];
		bool known = !(change->flags & WG_CONFIG_REPLACE_PEERS) &&
		             find_peer(dev, &pc->public_key);

		if (pc->flags & WG_PEER_REMOVE)
			removed += known;
		else if (pc->flags & WG_PEER_UPDATE_ONLY)
			continue;
		else if (known)
			present++;
		else
			fresh++;
	}
	return fresh + (removed < present ? removed : present);
}

static int check_peer(const struct wg_peer_config *pc)
{
	for (size_t i = 0; i < pc->allowed_ip_count; i++) {
		const struct ls_prefix *prefix = &pc->allowed_ips[i].prefix;
		struct ls_prefix masked;

		if (prefix->ip.family == LS_FAMILY_NONE ||
		    prefix->bits > ls_family_bits(prefix->ip.family))
			return -EINVAL;
		masked = ls_prefix_masked(prefix);
		if (!ls_prefix_equal(prefix, &masked))
			return -EINVAL;
	}
	return 0;
}

static void reserve_done(struct reserve *reserve)
{
	for (size_t i = reserve->used; i < reserve->count; i++)
		wg_peer_free(reserve->fresh[i]);
	free(reserve->fresh);
}

static int reserve_peers(struct wg_device *dev, const struct wg_config *change,
                         struct reserve *reserve)
{
	static const struct wg_public_key unknown; /* add_peer sets the key */
	size_t count = count_fresh(dev, change);

	reserve->fresh = ls_try_array(count, sizeof(*reserve->fresh));
	if (!reserve->fresh)
		return -ENOMEM;
	for (; reserve->count < count; reserve->count++) {
		reserve->fresh[reserve->count] = wg_peer_new(dev, &unknown);
		if (!reserve->fresh[reserve->count])
			return -ENOMEM;
	}
	return 0;
}

static int prepare(struct wg_device *dev, const struct wg_config *change, struct reserve *reserve)
{
	size_t prefixes = 0, peers;
	int r;

	if (change->peer_count > PEERS_MAX)
		return LS_ERROR_LIMIT;
	for (size_t i = 0; i < change->peer_count; i++) {
		r = check_peer(&change->peers[i]);
		if (r < 0)
			return r;
		prefixes += change->peers[i].allowed_ip_count;
	}
	r = reserve_peers(dev, change, reserve);
	if (r < 0)
		return r;
	peers = ls_map_count(dev->by_key) + reserve->count;
	if (peers > PEERS_MAX)
		return LS_ERROR_LIMIT;
	r = wg_allowedips_reserve(&dev->allowed, prefixes);
	if (r < 0)
		return r;
	r = wg_deadlines_reserve(&dev->deadlines, peers);
	if (r < 0)
		return r;
	return ls_map_reserve(dev->by_key, peers);
}

static void remove_peer(struct wg_device *dev, struct wg_peer *peer)
{
	(void)ls_map_remove(dev->by_key, &peer->remote.public_key, sizeof(peer->remote.public_key));
	wg_peer_free(peer);
}

static void set_private_key(struct wg_device *dev, const struct wg_private_key *key)
{
	struct noise_identity next = {0};
	struct wg_peer *self;

	wg_noise_identity_set(&next, key);
	if (next.set == dev->identity.set &&
	    key_equal(next.private_key.b, dev->identity.private_key.b))
		goto out;
	dev->identity = next;
	wg_cookie_checker_set_key(&dev->checker, next.set ? &next.public_key : NULL);
	self = next.set ? find_peer(dev, &next.public_key) : NULL;
	if (self)
		remove_peer(dev, self);
	LS_LIST_EACH (it, &dev->peers) {
		struct wg_peer *peer = LS_CONTAINER(it, struct wg_peer, in_device);

		wg_noise_remote_reset(&peer->remote);
		wg_peer_expire_sessions(peer);
	}
out:
	key_wipe(&next, sizeof(next));
}

static struct wg_peer *add_peer(struct wg_device *dev, const struct wg_public_key *key,
                                struct reserve *reserve)
{
	struct wg_peer *peer;
	int r;

	assert(reserve->used < reserve->count);
	peer = reserve->fresh[reserve->used++];
	peer->remote.public_key = *key;
	r = ls_map_add(dev->by_key, &peer->remote.public_key, sizeof(peer->remote.public_key),
	               peer);
	assert(r == 0); /* there is room, and the key is not in the map */
	(void)r;
	ls_list_append(&dev->peers, &peer->in_device);
	return peer;
}

/* Sends a keepalive when a persistent keepalive is turned on, or when the peer gets a new endpoint.
 * The next tick sends it: thousands of handshakes in one call would hold up all traffic. */
static void apply_keepalive(struct wg_peer *peer, const struct wg_peer_config *pc, bool moved,
                            uint64_t now_ns)
{
	/* Setting the same interval again does not restart the timer: a program that sets it often
	 * would otherwise keep the peer from ever sending a keepalive. */
	bool changed = (pc->flags & WG_PEER_KEEPALIVE) && pc->keepalive_s != peer->keepalive_s;
	bool turned_on = changed && peer->keepalive_s == 0;

	if (changed) {
		peer->keepalive_s = pc->keepalive_s;
		peer->timers.persistent_ns = LS_NEVER;
	}
	if (turned_on || (moved && !peer->keypairs.current))
		wg_timers_speak_soon(peer, now_ns);
	else if (changed)
		wg_timers_restart_persistent(peer, now_ns);
}

static void apply_allowed_ips(struct wg_peer *peer, const struct wg_peer_config *pc)
{
	struct allowedips *table = &peer->dev->allowed;

	if (pc->flags & WG_PEER_REPLACE_ALLOWED_IPS)
		wg_allowedips_remove_all(table, &peer->allowed);
	for (size_t i = 0; i < pc->allowed_ip_count; i++) {
		if (pc->allowed_ips[i].remove)
			wg_allowedips_remove(table, &pc->allowed_ips[i].prefix, &peer->allowed);
		else
			wg_allowedips_add(table, &pc->allowed_ips[i].prefix, &peer->allowed);
	}
}

static void apply_peer(struct wg_peer *peer, const struct wg_peer_config *pc, uint64_t now_ns)
{
	bool moved = false;

	if (pc->flags & WG_PEER_PRESHARED_KEY)
		peer->remote.preshared_key = pc->preshared_key;
	if ((pc->flags & WG_PEER_ENDPOINT) &&
	    !ls_endpoint_equal(&peer->path.remote, &pc->endpoint)) {
		const struct wg_path path = {.remote = pc->endpoint};

		moved = wg_peer_set_path(peer, &path);
	}
	apply_allowed_ips(peer, pc);
	apply_keepalive(peer, pc, moved, now_ns);
	wg_send_staged(peer, now_ns);
}

static void change_peer(struct wg_device *dev, const struct wg_peer_config *pc,
                        struct reserve *reserve, uint64_t now_ns)
{
	struct wg_peer *peer = find_peer(dev, &pc->public_key);

	if (pc->flags & WG_PEER_REMOVE) {
		if (peer)
			remove_peer(dev, peer);
		return;
	}
	/* A device cannot be its own peer. */
	if (dev->identity.set && key_equal(pc->public_key.b, dev->identity.public_key.b))
		return;
	if (!peer && (pc->flags & WG_PEER_UPDATE_ONLY))
		return;
	if (!peer)
		peer = add_peer(dev, &pc->public_key, reserve);
	apply_peer(peer, pc, now_ns);
}

int wg_device_configure(struct wg_device *dev, const struct wg_config *change, uint64_t now_ns)
{
	struct reserve reserve = {0};
	int r = prepare(dev, change, &reserve);

	if (r < 0) {
		reserve_done(&reserve);
		return r;
	}
	if (change->flags & WG_CONFIG_PRIVATE_KEY)
		set_private_key(dev, &change->private_key);
	if (change->flags & WG_CONFIG_LISTEN_PORT)
		dev->listen_port = change->listen_port;
	if (change->flags & WG_CONFIG_FWMARK)
		dev->fwmark = change->fwmark;
	if (change->flags & WG_CONFIG_REPLACE_PEERS) {
		LS_LIST_EACH_SAFE (it, tmp, &dev->peers)
			remove_peer(dev, LS_CONTAINER(it, struct wg_peer, in_device));
	}
	for (size_t i = 0; i < change->peer_count; i++)
		change_peer(dev, &change->peers[i], &reserve, now_ns);
	reserve_done(&reserve);
	return 0;
}

static int dump_peer(const struct wg_peer *peer, struct wg_config *config)
{
	struct wg_peer_config *pc = wg_config_add_peer(config, &peer->remote.public_key);
	struct ls_prefix prefix;
	uint32_t cursor = 0;

	if (!pc)
		return -ENOMEM;
	pc->flags = WG_PEER_KEEPALIVE;
	pc->keepalive_s = peer->keepalive_s;
	if (!key_is_zero(peer->remote.preshared_key.b)) {
		pc->flags |= WG_PEER_PRESHARED_KEY;
		pc->preshared_key = peer->remote.preshared_key;
	}
	if (peer->path.remote.ip.family != LS_FAMILY_NONE) {
		pc->flags |= WG_PEER_ENDPOINT;
		pc->endpoint = peer->path.remote;
	}
	pc->last_handshake_s = peer->last_handshake_s;
	pc->last_handshake_ns = peer->last_handshake_ns;
	pc->rx_bytes = peer->rx_bytes;
	pc->tx_bytes = peer->tx_bytes;
	while (wg_allowedips_next(&peer->dev->allowed, &peer->allowed, &cursor, &prefix)) {
		if (wg_config_add_allowed_ip(pc, &prefix, false) < 0)
			return -ENOMEM;
	}
	return 0;
}

int wg_device_dump(const struct wg_device *dev, struct wg_config *ret)
{
	struct wg_config config = {.flags = WG_CONFIG_LISTEN_PORT | WG_CONFIG_FWMARK,
	                           .listen_port = dev->listen_port,
	                           .fwmark = dev->fwmark};

	if (dev->identity.set) {
		config.flags |= WG_CONFIG_PRIVATE_KEY;
		config.private_key = dev->identity.private_key;
	}
	LS_LIST_EACH (it, &dev->peers) {
		if (dump_peer(LS_CONTAINER(it, struct wg_peer, in_device), &config) < 0) {
			wg_config_done(&config);
			return -ENOMEM;
		}
	}
	*ret = config;
	key_wipe(&config.private_key, sizeof(config.private_key));
	return 0;
}
