/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/peers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "path/path.h"

enum {
	NAME_TEXT = 64,
	/* The lifetime of a session (REJECT_AFTER_TIME of the WireGuard paper). */
	SESSION_S = 180,
};

struct agent_peer {
	struct wg_public_key key; /* the map's key */
	char name[NAME_TEXT];
	struct path path;
	enum path_reason wanted; /* other than PATH_KEEP: path.current must still be set */
	bool said_silent;        /* since the peer was last heard */
	uint64_t handshake_s;
	struct ls_endpoint endpoint;
	bool in_plan; /* of the last agent_peers_follow: the plan has this peer */
};

struct peers {
	struct ls_map *by_key;
	uint64_t stale_ns;
};

struct peers *agent_peers_new(uint64_t stale_ns)
{
	struct peers *peers = ls_new(struct peers);

	peers->by_key = ls_map_new();
	peers->stale_ns = stale_ns;
	return peers;
}

static struct agent_peer *find(const struct peers *peers, const struct wg_public_key *key)
{
	return ls_map_get(peers->by_key, key->b, sizeof(key->b));
}

void agent_peers_free(struct peers *peers)
{
	struct agent_peer *peer;
	size_t cursor = 0;

	if (!peers)
		return;
	while ((peer = ls_map_next(peers->by_key, &cursor)))
		free(peer);
	ls_map_free(peers->by_key);
	free(peers);
}

static int add(struct peers *peers, const struct wg_public_key *key, struct agent_peer **ret)
{
	struct agent_peer *peer = ls_try_array(1, sizeof(*peer));
	int r;

	if (!peer)
		return -ENOMEM;
	peer->key = *key;
	path_init(&peer->path, peers->stale_ns);
	r = ls_map_add(peers->by_key, peer->key.b, sizeof(peer->key.b), peer);
	if (r < 0) {
		free(peer);
		return r;
	}
	*ret = peer;
	return 0;
}

static void log_endpoint(const struct agent_peer *peer, enum path_reason reason)
{
	char short_key[LS_KEY_SHORT_TEXT], text[LS_ENDPOINT_TEXT];

	/* Peers that are switched off are tried for ever. */
	ls_debug("peer.endpoint", "peer=%s key=%s endpoint=%s reason=%s", peer->name,
	         key_short(peer->key.b, short_key), ls_endpoint_format(&peer->path.current, text),
	         path_reason_name(reason));
}

static void set_endpoint(struct agent_peer *peer, struct wg_peer_config *config)
{
	config->flags |= WG_PEER_ENDPOINT;
	config->endpoint = peer->path.current;
	log_endpoint(peer, peer->wanted);
	peer->wanted = PATH_KEEP;
}

static int append_endpoint(struct agent_peer *peer, struct wg_config *change)
{
	struct wg_peer_config *config = wg_config_add_peer(change, &peer->key);

	if (!config)
		return -ENOMEM;
	config->flags |= WG_PEER_UPDATE_ONLY;
	set_endpoint(peer, config);
	return 0;
}

static int follow_one(struct peers *peers, const struct plan_peer *wanted)
{
	struct agent_peer *peer = find(peers, &wanted->public_key);
	enum path_reason reason;
	int r = peer ? 0 : add(peers, &wanted->public_key, &peer);

	if (r < 0)
		return r;
	(void)snprintf(peer->name, sizeof(peer->name), "%s", wanted->name);
	peer->in_plan = true;
	reason = path_set_candidates(&peer->path, wanted->endpoints, wanted->endpoint_count);
	if (reason != PATH_KEEP)
		peer->wanted = reason;
	return 0;
}

/* Two passes, because a map must not change during a walk. */
static int forget_unplanned(struct peers *peers)
{
	LS_FREE struct agent_peer **gone =
	        ls_try_array(ls_map_count(peers->by_key) + 1, sizeof(struct agent_peer *));
	struct agent_peer *peer;
	size_t cursor = 0, count = 0;

	if (!gone)
		return -ENOMEM;
	while ((peer = ls_map_next(peers->by_key, &cursor))) {
		if (!peer->in_plan)
			gone[count++] = peer;
	}
	for (size_t i = 0; i < count; i++) {
		(void)ls_map_remove(peers->by_key, gone[i]->key.b, sizeof(gone[i]->key.b));
		free(gone[i]);
	}
	return 0;
}

int agent_peers_follow(struct peers *peers, const struct plan *plan)
{
	struct agent_peer *peer;
	size_t cursor = 0;

	while ((peer = ls_map_next(peers->by_key, &cursor)))
		peer->in_plan = false;
	for (size_t i = 0; i < plan->peer_count; i++) {
		int r = follow_one(peers, &plan->peers[i]);

		if (r < 0)
			return r;
	}
	return forget_unplanned(peers);
}

void agent_peers_complete(struct peers *peers, struct wg_config *change)
{
	for (size_t i = 0; i < change->peer_count; i++) {
		struct wg_peer_config *config = &change->peers[i];
		struct agent_peer *peer = find(peers, &config->public_key);
		bool is_new = !(config->flags & (WG_PEER_REMOVE | WG_PEER_UPDATE_ONLY));

		if (!peer)
			continue;
		if (is_new && peer->path.chosen && peer->wanted == PATH_KEEP)
			peer->wanted = PATH_FIRST;
		if (peer->wanted != PATH_KEEP)
			set_endpoint(peer, config);
	}
}

int agent_peers_rest(struct peers *peers, struct wg_config *change)
{
	struct agent_peer *peer;
	size_t cursor = 0;

	while ((peer = ls_map_next(peers->by_key, &cursor))) {
		if (peer->wanted != PATH_KEEP && append_endpoint(peer, change) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Logs a handshake at info level when there was no session before or the endpoint changed, else at
 * debug level. */
static void note_handshake(struct agent_peer *peer, const struct wg_peer_config *actual)
{
	char short_key[LS_KEY_SHORT_TEXT], text[LS_ENDPOINT_TEXT];
	bool renewed = actual->last_handshake_s <= peer->handshake_s + SESSION_S;
	bool moved = !ls_endpoint_equal(&actual->endpoint, &peer->endpoint);
	enum ls_log_level level =
	        renewed && !moved && peer->handshake_s > 0 ? LS_LOG_DEBUG : LS_LOG_INFO;

	if (actual->last_handshake_s == 0)
		return;
	if (actual->last_handshake_s != peer->handshake_s)
		ls_log(level, "peer.handshake", "peer=%s key=%s endpoint=%s", peer->name,
		       key_short(peer->key.b, short_key),
		       ls_endpoint_format(&actual->endpoint, text));
	else if (moved)
		ls_info("peer.roamed", "peer=%s key=%s endpoint=%s", peer->name,
		        key_short(peer->key.b, short_key),
		        ls_endpoint_format(&actual->endpoint, text));
	peer->handshake_s = actual->last_handshake_s;
	peer->endpoint = actual->endpoint;
}

/* Says once that a peer does not answer, when all its endpoints were tried. */
static void note_silence(struct agent_peer *peer)
{
	char short_key[LS_KEY_SHORT_TEXT], text[LS_ENDPOINT_TEXT];
	const struct path *path = &peer->path;

	if (path->heard)
		peer->said_silent = false;
	if (peer->said_silent || path->in_vain == 0 || path->in_vain < path->count)
		return;
	peer->said_silent = true;
	ls_info("peer.silent", "peer=%s key=%s endpoint=%s endpoints=%zu reason=%s", peer->name,
	        key_short(peer->key.b, short_key), ls_endpoint_format(&path->current, text),
	        path->count, peer->handshake_s == 0 ? "never_answered" : "lost");
}

static int observe_one(struct agent_peer *peer, const struct wg_peer_config *actual,
                       uint64_t now_ns, struct wg_config *change)
{
	const struct path_sample sample = {.endpoint = actual->endpoint,
	                                   .rx_bytes = actual->rx_bytes,
	                                   .tx_bytes = actual->tx_bytes};

	note_handshake(peer, actual);
	peer->wanted = path_observe(&peer->path, &sample, now_ns);
	note_silence(peer);
	if (peer->wanted == PATH_KEEP)
		return 0;
	/* We set this endpoint ourselves: the peer has not roamed to it. */
	peer->endpoint = peer->path.current;
	return append_endpoint(peer, change);
}

int agent_peers_observe(struct peers *peers, const struct wg_config *device, uint64_t now_ns,
                        struct wg_config *change)
{
	for (size_t i = 0; i < device->peer_count; i++) {
		struct agent_peer *peer = find(peers, &device->peers[i].public_key);
		int r = peer ? observe_one(peer, &device->peers[i], now_ns, change) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

size_t agent_peers_reachable(const struct peers *peers)
{
	const struct agent_peer *peer;
	size_t cursor = 0, count = 0;

	while ((peer = ls_map_next(peers->by_key, &cursor)))
		count += peer->path.heard;
	return count;
}

size_t agent_peers_count(const struct peers *peers)
{
	return ls_map_count(peers->by_key);
}
