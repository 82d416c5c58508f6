/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP connection to a host of several addresses (RFC 8305): the next address is tried when the
 * one before it has failed or has not connected within a quarter second; the first that connects
 * wins and the others are given up. Event loop's thread only. */
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

/* A connected, non-blocking socket that is the callee's, or -1 and the errno of the failure that
 * says most. The race is gone. */
typedef void (*race_done_fn)(void *arg, int fd, int error);

/* A race without addresses yet. `done` is never called from inside of the calls below. There is no
 * limit of time but the kernel's. */
struct race *net_race_start(struct event_base *base, uint16_t port, race_done_fn done, void *arg);
/* More addresses, RACE_ADDRESSES_MAX in all; they take turns with those that wait for their
 * attempt. `last`: no more come, so that the race fails when all have failed. */
void net_race_add(struct race *race, const struct ls_ip *addresses, size_t count, bool last);
/* Ends it without its callback. NULL is fine. */
void net_race_cancel(struct race *race);

#endif
