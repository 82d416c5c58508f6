/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a device and of its peers, for the files of wg/ only. One thread owns a device with
 * all of its peers; `now_ns` is the time of the wake-up, see device.h. */
#ifndef LS_WG_ENGINE_H
#define LS_WG_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "crypto/aead.h"
#include "wg/allowedips.h"
#include "wg/cookie.h"
#include "wg/deadlines.h"
#include "wg/index.h"
#include "wg/keypair.h"
#include "wg/noise.h"
#include "wg/ops.h"
#include "wg/path.h"
#include "wg/ratelimit.h"
#include "wg/staged.h"
#include "wg/tai64n.h"

/* When a peer acts next; timers.h describes the timers. A deadline is LS_NEVER when it is off.
 * `wake` is never later than any deadline, but may be earlier: almost every packet postpones a
 * deadline or turns it off, and that leaves the heap alone. */
struct wg_timers {
	struct deadline wake;
	uint64_t retransmit_ns;
	uint64_t keepalive_ns;
	uint64_t new_session_ns;
	uint64_t zero_keys_ns;
	uint64_t persistent_ns;
	uint64_t next_initiation_ns; /* no initiation is sent before this time */
	uint64_t attempt_since_ns;   /* when the present attempts at a handshake began */
	bool another_keepalive;      /* data arrived while the keepalive timer ran */
	bool last_minute_sent; /* the receiver's rekey at 165 s has happened for this session */
};

struct wg_peer {
	struct wg_device *dev;
	struct keypairs keypairs;
	struct wg_path path;
	enum wg_route route;  /* of `path`, valid when route_epoch is the device's */
	uint32_t route_epoch; /* 0: never asked for this path */
	uint16_t keepalive_s; /* interval of the persistent keepalive; 0: off */
	uint64_t rx_bytes;    /* of authenticated datagrams, with their headers */
	uint64_t tx_bytes;
	struct wg_timers timers;
	struct staged staged;
	struct allowedips_owner allowed;

	/* Handshakes. The responder's side keeps nothing between two calls. So a handshake that
	 * this side started goes on when the other side starts one too, and both succeed. */
	struct noise_remote remote;
	struct noise_initiator initiator; /* valid while initiator_index is not 0 */
	uint32_t initiator_index;         /* 0: this side has no handshake under way */
	struct cookie_maker cookie;
	struct tai64n last_sent;              /* always increases, even when the clock steps back */
	struct tai64n last_received;          /* an initiation must have a later one: no replays */
	uint64_t next_initiation_accepted_ns; /* earlier ones are dropped: no floods */
	uint64_t last_handshake_s;            /* wall clock; 0: never */
	uint32_t last_handshake_ns;

	struct ls_list in_device; /* wg_device.peers, in order of configuration */
};

enum {
	WG_SENT_TO = 1024, /* twice the length of a TUN's queue */
};

struct wg_device {
	const struct wg_device_ops *ops;
	void *user; /* passed to each of the ops */
	uint32_t mtu;
	struct noise_identity identity;
	uint16_t listen_port;
	uint32_t fwmark;

	struct ls_map *by_key; /* public key -> struct wg_peer */
	struct ls_list peers;
	struct index_table indices;
	struct allowedips allowed;
	struct deadlines deadlines;
	struct aead *aead;
	size_t staged_bytes;
	uint32_t route_epoch;         /* changes when the host's routes do; never 0 */
	uint32_t sent_to[WG_SENT_TO]; /* receivers of the latest data messages, by their low bits */

	struct cookie_checker checker;
	struct ratelimit *ratelimit; /* NULL until the first time under load */
	uint64_t load_ns;            /* token bucket for all handshake messages; see ratelimit.c */
	uint64_t under_load_until_ns;
	uint64_t jitter_state;
};

#endif
