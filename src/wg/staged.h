/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of one peer that wait for a session, oldest first. A queue holds at most WG_STAGED_MAX
 * packets, and all queues of a device together at most STAGED_BUDGET bytes. When a new packet
 * exceeds a limit, the oldest packets of its own queue are dropped. */
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
	uint8_t data[]; /* WG_DATA_HEADER bytes, the plaintext, room for padding and tag */
};

/* A zeroed struct is an empty queue. */
struct staged {
	struct staged_packet *head;
	struct staged_packet **tail; /* undefined while `head` is NULL */
	unsigned count;
};

/* `budget_used` is the device's sum over all queues. The packet is dropped when the budget is still
 * exceeded after its queue was emptied, or when memory is out. */
void wg_staged_push(struct staged *staged, size_t *budget_used, const uint8_t *packet, size_t len);
/* The oldest packet, which the caller frees; NULL when empty. */
struct staged_packet *wg_staged_pop(struct staged *staged, size_t *budget_used);
void wg_staged_clear(struct staged *staged, size_t *budget_used);

#endif
