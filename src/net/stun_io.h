/* SPDX-License-Identifier: Apache-2.0 */
/* Asks STUN servers for this host's public endpoints and waits for the answers, for one-shot
 * commands. Runs its own event loop, like control/sync.h; must not be used inside another loop's
 * callbacks. */
#ifndef LS_NET_STUN_IO_H
#define LS_NET_STUN_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/string_list.h"
#include "proto/limits.h"
#include "wire/ip.h"

enum {
	STUN_LEARNED_MAX = 2,    /* one endpoint for each family */
	STUN_FAILURE_TEXT = 128, /* buffer size */
};

struct stun_ask {
	struct string_list servers; /* "host:port"; 1 to LIMIT_SERVERS */
	uint16_t local_port;        /* local UDP port to send from; 0: any free one */
	unsigned timeout_s;         /* for the whole call, including name lookups */
};

struct stun_learned {
	struct ls_endpoint endpoint;
	size_t server; /* index of the server that reported it */
	bool differs;  /* server `other` saw `other_endpoint`: the router picks a port for each
	                  destination */
	size_t other;
	struct ls_endpoint other_endpoint;
};

struct stun_report {
	uint16_t local_port;
	struct stun_learned learned[STUN_LEARNED_MAX]; /* most useful first */
	size_t learned_count;
	/* Why a server gave no usable answer; "" when it gave one, or was not waited for. */
	char failures[LIMIT_SERVERS][STUN_FAILURE_TEXT];
};

/* Servers that do not answer are no failure of the call; it fails when the local port cannot be
 * used (-EADDRINUSE, -EACCES ..). */
int net_stun_ask(const struct stun_ask *ask, struct stun_report *ret,
                 struct ls_fail *fail) LS_MUST_CHECK;

#endif
