/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, nodes and enrolment tokens as they stand in memory. All of it belongs to the control
 * loop's thread. Only state/ changes them (netmap/ fills their texts); readers see each change
 * whole, after it is durable. */
#ifndef LS_SERVER_STATE_OBJECTS_H
#define LS_SERVER_STATE_OBJECTS_H

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "proto/acl.h"
#include "proto/limits.h"
#include "server/state/addresses.h"
#include "server/state/secrets.h"
#include "server/state/text.h"
#include "server/store/records.h"

struct roster;

struct network {
	struct network_record *record; /* replaced whole; its revision field is the current one */
	char id[LIMIT_ID_LEN + 1];     /* the maps' key */
	struct ls_arena *policy_arena;
	struct acl_policy policy;
	struct ls_map *names;   /* lower-cased name -> node, of those not revoked */
	struct ls_map *wg_keys; /* the same by WireGuard key */
	struct address_pool v4;
	struct address_pool v6;
	struct roster *roster;
	struct ls_list probing; /* struct node.probing: asked to be probed lately, oldest first */
	struct ls_list tokens;  /* struct token.link */
	size_t pending;         /* nodes never approved */
	int64_t next_expiry;    /* no key comes of age before; 0: none ever does */
	bool expiry_unwritten;  /* keys came of age under the revision that clients know */
	bool expiry_begun;      /* the change that tells them is on its way */
	struct text *info_text; /* NetworkInfo; NULL: to be made */
};

struct node {
	struct node_record *record; /* replaced whole; last_seen in it is as of that */
	struct network *network;
	char id[LIMIT_ID_LEN + 1];
	char folded_name[LIMIT_NODE_NAME_LEN + 1];
	struct wg_public_key wg_key; /* what network->wg_keys holds */
	bool indexed;                /* is in names and wg_keys: not revoked */
	bool in_force;               /* approved, not revoked, keys young enough */
	bool rotation_required;      /* a current key is too old */
	int64_t last_seen;
	int64_t probe_at;       /* 0: not probing */
	struct ls_list probing; /* in network->probing */
	struct ls_list
	        seen;     /* last_seen is newer than the store's: in state->seen, or in a flush */
	bool flushing;    /* in a flush, and not seen since */
	unsigned changes; /* of it, in line or on their way */
	size_t slot;      /* in the roster */
	struct text *peer_text; /* ",PeerInfo"; NULL: to be made */
	struct text *own_text;  /* NodeInfo for its own netmap; NULL: to be made */
};

struct token {
	struct token_record *record; /* replaced whole */
	struct network *network;
	struct secret_hash hash; /* the maps' keys */
	char id[PUBLIC_ID_TEXT];
	struct ls_list link;
};

#endif
