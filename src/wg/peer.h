/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a peer and of its keys; for the files of wg/ alone. */
#ifndef LS_WG_PEER_H
#define LS_WG_PEER_H

#include <stdint.h>

#include "base/error.h"
#include "crypto/keys.h"
#include "wg/index.h"

struct wg_device;
struct wg_peer;

/* Not yet in the device's map and list. NULL when memory is gone. */
struct wg_peer *wg_peer_new(struct wg_device *dev, const struct wg_public_key *key) LS_MUST_CHECK;
/* Wipes everything and leaves the device: index table, trie, deadlines, list. Not the map. */
void wg_peer_free(struct wg_peer *peer);
/* Forgets sessions, the handshake under way and staged packets. */
void wg_peer_forget_sessions(struct wg_peer *peer);
/* Wipes the keys of all sessions and of the handshake under way. */
void wg_peer_zero_keys(struct wg_peer *peer);
/* No packet is sent with today's keys any more; what is under way is still received. */
void wg_peer_expire_sessions(struct wg_peer *peer);
/* Ends the handshake that this side started, if there is one. */
void wg_peer_drop_handshake(struct wg_peer *peer);
/* A fresh random index for a handshake or session of this peer; `owner` as index.h says. 0 when
 * memory is gone. */
uint32_t wg_peer_new_index(struct wg_peer *peer, enum index_kind kind, void *owner);

#endif
