/* SPDX-License-Identifier: Apache-2.0 */
/* The settings and the state of a WireGuard device. The UAPI text (the cross-platform userspace
 * protocol of wireguard-tools), the engine and the kernel's generic netlink share this model. */
#ifndef LS_WGCONFIG_WG_CONFIG_H
#define LS_WGCONFIG_WG_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/keys.h"
#include "wire/ip.h"

enum wg_config_flag {
	WG_CONFIG_PRIVATE_KEY =
	        1 << 0, /* the field below is set; an all-zero key removes the key */
	WG_CONFIG_LISTEN_PORT = 1 << 1,
	WG_CONFIG_FWMARK = 1 << 2, /* 0 removes the mark */
	WG_CONFIG_REPLACE_PEERS = 1 << 3,
};

enum wg_peer_config_flag {
	WG_PEER_REMOVE = 1 << 0,
	WG_PEER_UPDATE_ONLY = 1 << 1, /* do nothing when there is no such peer */
	WG_PEER_REPLACE_ALLOWED_IPS = 1 << 2,
	WG_PEER_PRESHARED_KEY = 1 << 3, /* all-zero removes it */
	WG_PEER_ENDPOINT = 1 << 4,
	WG_PEER_KEEPALIVE = 1 << 5, /* 0 turns it off */
};

struct wg_allowed_ip {
	struct ls_prefix prefix; /* host bits are zero */
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

/* Frees what the config owns and wipes its keys; the caller frees the struct itself. */
void wg_config_done(struct wg_config *config);
/* Appends a peer whose other fields are zero; NULL when out of memory. The pointer is valid until
 * the next append. */
struct wg_peer_config *wg_config_add_peer(struct wg_config *config,
                                          const struct wg_public_key *key) LS_MUST_CHECK;
int wg_config_add_allowed_ip(struct wg_peer_config *peer, const struct ls_prefix *prefix,
                             bool remove) LS_MUST_CHECK;

#endif
