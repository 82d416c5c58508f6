/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, nodes and enrolment tokens in memory. The thread of the control loop owns all of them.
 * Only state/ changes them (netmap/ fills the cached texts). Readers see each change as a whole,
 * after it is durable. */
#ifndef LS_SERVER_STATE_OBJECTS_H
#define LS_SERVER_STATE_OBJECTS_H

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/once.h"
#include "proto/acl.h"
#include "proto/limits.h"
#include "server/state/addresses.h"
#include "server/state/bucket.h"
#include "server/state/instances.h"
#include "server/state/secrets.h"
#include "server/state/text.h"
#include "server/store/records.h"

struct acl_class;
struct joiner_source;
struct roster;

struct network {
	struct network_record *record; /* replaced as a whole; only its revision changes in place */
	char id[LIMIT_ID_LEN + 1];     /* the key in the maps */
	/* The revision that clients see. That of the record is ahead of it while `gathering` is in
	 * state->gathering (gather.h). */
	uint64_t revision;
	struct ls_list gathering;
	uint64_t gathered_due_ns; /* meaningful while it is in the list */
	uint64_t quiet_until_ns;  /* shows no gathered change before */
	struct ls_arena *policy_arena;
	struct acl_policy policy;
	struct ls_map *classes; /* struct acl_class, by their bits (classes.h) */
	struct ls_map *names;   /* lower-case name -> node; without revoked nodes */
	struct ls_map *wg_keys; /* WireGuard key -> node; without revoked nodes */
	struct address_pool v4;
	struct address_pool v6;
	struct ls_list former; /* addresses of deleted nodes, the oldest first (former.h) */
	struct roster *roster;
	struct ls_list probing; /* struct node.probing: nodes that asked for probes, oldest first */
	uint64_t probe_count;   /* wishes for probes so far, which numbers them */
	uint64_t probes_shown;  /* the last one that ends long-polls (gather.h) */
	struct ls_list tokens;  /* struct token.link */
	struct ls_list joiners; /* struct node.joiner: requests to join, oldest first (joiners.h) */
	struct ls_map *joiner_sources; /* struct joiner_source */
	size_t pending;                /* nodes that were never approved */
	bool sweeping;                 /* a change that deletes expired requests has begun */
	struct state_bucket joins;     /* requests to join (budget.h) */
	int64_t next_expiry;           /* no key expires before; 0: none ever does */
	bool active_unwritten;  /* other nodes are active than at the revision that clients know */
	bool active_begun;      /* a change with a new revision has begun because of it */
	struct text *info_text; /* NetworkInfo; NULL: not encoded yet */
};

struct node {
	struct node_record *record; /* replaced as a whole; its last_seen is old */
	struct network *network;
	char id[LIMIT_ID_LEN + 1];
	char folded_name[LIMIT_NODE_NAME_LEN + 1];
	struct wg_public_key wg_key; /* its key in network->wg_keys */
	bool indexed;                /* it is in names and wg_keys */
	bool active;                 /* approved, not revoked, keys not too old */
	bool rotation_required;      /* one of its keys is too old */
	int64_t last_seen;
	uint64_t moves_due_ns;  /* when what its heartbeats have changed is shown (gather.c) */
	uint64_t moves_paid_ns; /* its token bucket */
	int64_t probe_at;       /* when it last asked for probes; 0: never */
	struct ls_list probing; /* in network->probing */
	uint64_t probe_number;  /* of its last wish */
	uint64_t probes_told;   /* its netmaps had the wishes up to this one */
	struct ls_list joiner;  /* in network->joiners: a request to join, never approved */
	struct joiner_source *joiner_source; /* NULL: it is not in that list */
	struct state_bucket rotations;       /* of its keys, by itself (budget.h) */
	/* In state->seen, or in a flush: last_seen is newer than in the store. */
	struct ls_list seen;
	bool flushing;               /* it is in a flush, and was not seen since the flush began */
	struct ls_once said_dropped; /* endpoints of its last heartbeat that were dropped */
	struct instances instances;  /* of its agent */
	unsigned changes;            /* changes of this node that have not ended */
	size_t slot;                 /* in the roster */
	struct acl_class *class;     /* NULL: nobody asked for it yet */
	struct text *peer_text;      /* ",PeerInfo"; NULL: not encoded yet */
	struct text *own_text;       /* NodeInfo for its own netmap; NULL: not encoded yet */
};

struct token {
	struct token_record *record; /* replaced as a whole */
	struct network *network;
	struct secret_hash hash; /* this and `id` are the keys in the maps */
	char id[PUBLIC_ID_TEXT];
	struct ls_list link;
};

#endif
