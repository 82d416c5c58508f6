/* SPDX-License-Identifier: Apache-2.0 */
/* What can be set on and read from a WireGuard device: the model shared by the UAPI text (the
 * cross-platform userspace protocol of wireguard-tools), the engine and the kernel's generic
 * netlink. */
#ifndef LS_WGCONFIG_WG_CONFIG_H
#define LS_WGCONFIG_WG_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/keys.h"
#include "wire/ip.h"

enum wg_config_flag {
	WG_CONFIG_PRIVATE_KEY = 1 << 0, /* the field below is meant; all-zero removes the key */
	WG_CONFIG_LISTEN_PORT = 1 << 1,
	WG_CONFIG_FWMARK = 1 << 2, /* 0 removes the mark */
	WG_CONFIG_REPLACE_PEERS = 1 << 3,
};

enum wg_peer_config_flag {
	WG_PEER_REMOVE = 1 << 0,
	WG_PEER_UPDATE_ONLY = 1 << 1, /* ignored when no such peer exists */
	WG_PEER_REPLACE_ALLOWED_IPS = 1 << 2,
	WG_PEER_PRESHARED_KEY = 1 << 3, /* all-zero removes it */
	WG_PEER_ENDPOINT = 1 << 4,
	WG_PEER_KEEPALIVE = 1 << 5, /* 0 turns it off */
};

struct wg_allowed_ip {
	struct ls_prefix prefix; /* canonical */
	bool remove;             /* take it from this peer, if this peer has it */
};

struct wg_peer_config {
	unsigned flags; /* enum wg_peer_config_flag */
	struct wg_public_key public_key;
	struct wg_preshared_key preshared_key;
	struct ls_endpoint endpoint;
	uint16_t keepalive_s;
	struct wg_allowed_ip *allowed_ips; /* malloced */
	size_t allowed_ip_count;
	/* Only in answers to a get: */
	uint64_t last_handshake_s; /* Unix time; 0: never */
	uint32_t last_handshake_ns;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
};

struct wg_config {
	unsigned flags; /* enum wg_config_flag */
	struct wg_private_key private_key;
	uint16_t listen_port;
	uint32_t fwmark;
	struct wg_peer_config *peers; /* malloced */
	size_t peer_count;
};

/* Frees what the config owns and wipes its keys; the struct itself is the caller's. */
void wg_config_done(struct wg_config *config);
/* Appends a zeroed peer; NULL when memory is gone. The pointer lives until the next append. */
struct wg_peer_config *wg_config_add_peer(struct wg_config *config,
                                          const struct wg_public_key *key) LS_MUST_CHECK;
int wg_config_add_allowed_ip(struct wg_peer_config *peer, const struct ls_prefix *prefix,
                             bool remove) LS_MUST_CHECK;

#endif
