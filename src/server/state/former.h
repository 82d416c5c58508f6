/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of deleted nodes, which no other node gets for some time: rules of firewalls and
 * other programs may still name them. Only nodes that were approved leave theirs behind; those of a
 * request to join are free at once, or strangers could use up a network's addresses. */
#ifndef LS_SERVER_STATE_FORMER_H
#define LS_SERVER_STATE_FORMER_H

#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

enum {
	STATE_REUSE_AFTER_S = 30 * 24 * 3600, /* the default */
};

#define STATE_REUSE_NEVER INT64_MAX

struct network;

/* Takes the addresses, unless a node has them. -ENOMEM, which cannot happen when they were taken
 * before. */
int state_former_hold(struct network *network, const struct ls_ip *ipv4, const struct ls_ip *ipv6,
                      int64_t since) LS_MUST_CHECK;
/* Frees those that were held for so many seconds. */
void state_former_release(struct network *network, int64_t now, int64_t after_s);
/* The network goes away. */
void state_former_forget(struct network *network);

#endif
