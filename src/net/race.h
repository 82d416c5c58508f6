/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one TCP connection to a host with several addresses (RFC 8305): tries the next address when
 * the one before has failed or has not connected within a quarter second. The first that connects
 * wins, and the others are closed. Event loop's thread only. */
#ifndef LS_NET_RACE_H
#define LS_NET_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/ip.h"

struct event_base;
struct race;

enum {
	RACE_ADDRESSES_MAX = 16,
	RACE_STAGGER_MS = 250, /* RFC 8305 8: Connection Attempt Delay */
};

/* `fd` is a connected, non-blocking socket that the callee owns, or -1, and then `error` is the
 * most useful errno. The race is freed already. */
typedef void (*race_done_fn)(void *arg, int fd, int error);

/* Starts a race without addresses. `done` is never called inside the functions below. Only the
 * kernel limits the time. */
struct race *net_race_start(struct event_base *base, uint16_t port, race_done_fn done, void *arg);
/* Adds addresses, at most RACE_ADDRESSES_MAX in all. They alternate with those that have not been
 * tried yet. `last`: no more will come, so that the race fails when all have failed. */
void net_race_add(struct race *race, const struct ls_ip *addresses, size_t count, bool last);
/* Cancels the race without calling its callback. NULL is fine. */
void net_race_cancel(struct race *race);

#endif
