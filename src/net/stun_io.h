/* SPDX-License-Identifier: Apache-2.0 */
/* Asks STUN servers for this host's public endpoints, waited for: for one-shot commands. Runs an
 * event loop of its own, as control/sync.h does; must not be used from inside another's callbacks.
 */
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
	STUN_LEARNED_MAX = 2,    /* one endpoint a family */
	STUN_FAILURE_TEXT = 128, /* buffer size */
};

struct stun_ask {
	struct string_list servers; /* "host:port"; 1 to LIMIT_SERVERS */
	uint16_t local_port;        /* to ask from; 0: any free one */
	unsigned timeout_s;         /* for all of it, names included */
};

struct stun_learned {
	struct ls_endpoint endpoint;
	size_t server; /* who said so: an index of the list */
	bool differs;  /* `other` saw `other_endpoint`: a mapping for each destination */
	size_t other;
	struct ls_endpoint other_endpoint;
};

struct stun_report {
	uint16_t local_port;
	struct stun_learned learned[STUN_LEARNED_MAX]; /* most useful first */
	size_t learned_count;
	/* Why a server was of no use; "" for one that answered, or was not waited for. */
	char failures[LIMIT_SERVERS][STUN_FAILURE_TEXT];
};

/* Servers that do not answer are no failure of the call; a local port that cannot be had is
 * (-EADDRINUSE, -EACCES ..). */
int net_stun_ask(const struct stun_ask *ask, struct stun_report *ret,
                 struct ls_fail *fail) LS_MUST_CHECK;

#endif
