/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of one peer that wait for a session, oldest first. Bounded per peer by WG_STAGED_MAX and
 * over all peers of a device by a budget of bytes; what is over is dropped from the front of the
 * same peer's queue, so that the newest packet is the one that survives. */
#ifndef LS_WG_STAGED_H
#define LS_WG_STAGED_H

#include <stddef.h>
#include <stdint.h>

enum {
	WG_STAGED_MAX = 128, /* packets of one peer */
	STAGED_BUDGET = 2 * 1024 * 1024,
};

struct staged_packet {
	struct staged_packet *next;
	size_t len;     /* of the plaintext */
	uint8_t data[]; /* room for the header, the plaintext, room for padding and tag */
};

/* A zeroed struct is empty. */
struct staged {
	struct staged_packet *head;
	struct staged_packet **tail; /* meaningless while `head` is NULL */
	unsigned count;
};

/* `budget_used` is the device's sum over all queues. A packet that alone is over the budget, or
 * finds no memory, is dropped. */
void wg_staged_push(struct staged *staged, size_t *budget_used, const uint8_t *packet, size_t len);
/* The oldest packet, the caller's to free; NULL when empty. */
struct staged_packet *wg_staged_pop(struct staged *staged, size_t *budget_used);
void wg_staged_clear(struct staged *staged, size_t *budget_used);

#endif
