/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a device and its peers, shared by the files of wg/ and by nobody else. Same thread
 * and clock rules as device.h. */
#ifndef LS_WG_PEER_H
#define LS_WG_PEER_H

#include "base/list.h"
#include "base/map.h"
#include "wg/allowedips.h"
#include "wg/cookie.h"
#include "wg/deadlines.h"
#include "wg/device.h"
#include "wg/keypair.h"
#include "wg/noise.h"
#include "wg/ratelimit.h"
#include "wg/staged.h"
#include "wg/timers.h"

struct wg_peer {
	struct wg_device *dev;
	struct keypairs keypairs;
	struct ls_endpoint endpoint; /* family NONE: not known */
	uint16_t keepalive_s;        /* persistent; 0: off */
	uint64_t rx_bytes;           /* of whole authenticated datagrams */
	uint64_t tx_bytes;
	struct wg_timers timers;
	struct staged staged;
	struct allowedips_owner allowed;

	/* Handshakes. As responder nothing is kept between two calls, so a handshake of our own
	 * goes on when the other side starts one as well, and both succeed. */
	struct noise_remote remote;
	struct noise_initiator initiator; /* while initiator_index is set */
	uint32_t initiator_index;         /* 0: no handshake of ours is under way */
	struct cookie_maker cookie;
	struct tai64n last_sent;              /* grows even when the clock steps back */
	struct tai64n last_received;          /* replay guard */
	uint64_t next_initiation_accepted_ns; /* flood guard */
	uint64_t last_handshake_s;            /* wall clock; 0: never */
	uint32_t last_handshake_ns;

	struct ls_list in_device; /* wg_device.peers, in order of configuration */
};

struct wg_device {
	const struct wg_device_ops *ops;
	void *user;
	uint32_t mtu;
	struct noise_identity identity;
	uint16_t listen_port;
	uint32_t fwmark;

	struct ls_map *by_key;
	struct ls_list peers;
	struct index_table indices;
	struct allowedips allowed;
	struct deadlines deadlines;
	struct aead *aead;
	size_t staged_bytes;

	struct cookie_checker checker;
	struct ratelimit *ratelimit; /* NULL until the first load */
	uint64_t load_ns;            /* bucket of handshake messages, as in ratelimit.c */
	uint64_t under_load_until_ns;
	uint64_t jitter_state;
};

/* --- peer.c --- */

/* NULL when memory is gone. */
struct wg_peer *wg_peer_new(struct wg_device *dev, const struct wg_public_key *key) LS_MUST_CHECK;
/* Wipes everything and leaves the device: index table, trie, deadlines, list. Not the map. */
void wg_peer_free(struct wg_peer *peer);
/* Forgets sessions, the handshake under way and staged packets. */
void wg_peer_forget_sessions(struct wg_peer *peer);
/* No packet is sent with today's keys any more; what is under way is still received. */
void wg_peer_expire_sessions(struct wg_peer *peer);
/* An authenticated message came from there. */
void wg_peer_roam(struct wg_peer *peer, const struct ls_endpoint *src);
/* Bookkeeping for a datagram of ours that is not sealed in a batch. */
void wg_peer_send(struct wg_peer *peer, const void *data, size_t len);
/* Sends an empty packet; without a session starts a handshake instead. */
void wg_peer_send_keepalive(struct wg_peer *peer, uint64_t now_ns);
/* Sends what is staged; without a session starts a handshake instead. */
void wg_peer_flush_staged(struct wg_peer *peer, uint64_t now_ns);
/* A session can be used in both directions from now on. */
void wg_peer_session_ready(struct wg_peer *peer);

/* --- handshake.c --- */

/* Starts a handshake unless one was started within the last REKEY_TIMEOUT. `retry`: the timer asks
 * again, so the time after which it gives up runs on. */
void wg_peer_initiate(struct wg_peer *peer, bool retry, uint64_t now_ns);
void wg_peer_drop_handshake(struct wg_peer *peer);
/* One message of type 1, 2 or 3, of any length and content. */
void wg_handshake_receive(struct wg_device *dev, const struct ls_endpoint *src, const uint8_t *data,
                          size_t len, uint64_t now_ns);

/* --- device.c --- */

void wg_device_random(struct wg_device *dev, void *buf, size_t len);
/* Uniform in [0, WG_JITTER_MAX_NS]. */
uint64_t wg_device_jitter_ns(struct wg_device *dev);
/* Gives `owner` a fresh random index; 0 when memory is gone. */
uint32_t wg_device_new_index(struct wg_device *dev, enum index_kind kind, void *owner);
void wg_device_peer_changed(struct wg_device *dev, const struct wg_peer *peer);

#endif
