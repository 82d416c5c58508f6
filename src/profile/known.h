/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of the hosts that a node depends on: control servers and the proxies on the way to
 * them. The state file keeps those at which a host has answered; they are tried when its name
 * cannot be resolved. A plain value of fixed size. */
#ifndef LS_PROFILE_KNOWN_H
#define LS_PROFILE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/ip.h"
#include "json/json.h"

enum {
	PROFILE_KNOWN_HOSTS_MAX = 32,
	PROFILE_KNOWN_ADDRESSES_MAX = 8, /* per host */
	PROFILE_KNOWN_SEEN_MAX = 64,
	PROFILE_KNOWN_HOST_TEXT = 254,
};

struct known_host {
	char name[PROFILE_KNOWN_HOST_TEXT];
	struct ls_ip addresses[PROFILE_KNOWN_ADDRESSES_MAX]; /* the one that answered last first */
	size_t count;
};

struct known_hosts {
	struct known_host hosts[PROFILE_KNOWN_HOSTS_MAX]; /* the one that answered last first */
	size_t count;
	uint64_t version; /* grows when there is something new to save */
	/* Addresses that a lookup in this run has found; never saved. The oldest is overwritten. */
	struct ls_ip seen[PROFILE_KNOWN_SEEN_MAX];
	size_t seen_count;
	size_t seen_next;
};

/* The host has answered at this address. Forgets what answered longest ago when there is no room.
 * Ignores a name that is too long. */
void profile_known_note(struct known_hosts *known, const char *host, const struct ls_ip *address);
/* A lookup has found this address; it may be any host's of these. */
void profile_known_see(struct known_hosts *known, const struct ls_ip *address);
/* NULL when nothing is known about the host. Names are compared without regard to case. */
const struct known_host *profile_known_find(const struct known_hosts *known, const char *host);

/* The member of a state file: {"vpn.example.com": ["198.51.100.2"]}. Reading skips what is not as
 * it should be: losing an address costs little, refusing the file would cost the node's keys. */
void profile_known_read(const struct json_at *at, const char *member, struct known_hosts *ret);
/* A new reference; NULL when out of memory. */
json_t *profile_known_encode(const struct known_hosts *known);

#endif
