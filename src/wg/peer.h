/* SPDX-License-Identifier: Apache-2.0 */
/* Making, freeing and re-keying peers; for the files of wg/ only. */
#ifndef LS_WG_PEER_H
#define LS_WG_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/keys.h"
#include "wg/index.h"
#include "wg/path.h"

struct wg_device;
struct wg_peer;

/* The new peer is not in the device's map and list yet. NULL when out of memory. */
struct wg_peer *wg_peer_new(struct wg_device *dev, const struct wg_public_key *key) LS_MUST_CHECK;
/* Wipes and frees the peer, and removes it from the index table, the trie, the deadlines and the
 * list, but not from the map. */
void wg_peer_free(struct wg_peer *peer);
/* From now on datagrams for the peer are sent on that path. True when its remote end is another one
 * than before. */
bool wg_peer_set_path(struct wg_peer *peer, const struct wg_path *path);
/* Lets the host's routing choose the source address again, until the peer is heard of. */
void wg_peer_forget_local(struct wg_peer *peer);
/* Drops the sessions, the handshake under way and the staged packets. */
void wg_peer_forget_sessions(struct wg_peer *peer);
/* Wipes the keys of all sessions and of the handshake under way. */
void wg_peer_zero_keys(struct wg_peer *peer);
/* From now on no packet is sent with the present sessions; packets on their way are still
 * received. */
void wg_peer_expire_sessions(struct wg_peer *peer);
/* Ends the handshake that this side started, if there is one. */
void wg_peer_drop_handshake(struct wg_peer *peer);
/* A new random index for a handshake or session of this peer; index.h says what `owner` is. 0 when
 * out of memory. */
uint32_t wg_peer_new_index(struct wg_peer *peer, enum index_kind kind, void *owner);

#endif
