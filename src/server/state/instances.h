/* SPDX-License-Identifier: Apache-2.0 */
/* Notices when two machines run with one node's state file: a cloned disk, a copied directory. Each
 * start of an agent has a number of its own at random, which its heartbeats carry. A number that
 * was replaced by another one never comes back, unless both agents run. Older clients send none,
 * and are not judged. A value type; zero-initialise it. Kept in memory only. */
#ifndef LS_SERVER_STATE_INSTANCES_H
#define LS_SERVER_STATE_INSTANCES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	INSTANCES_KEPT = 4, /* more machines with one state are noticed later */
	/* A late request of an agent that has ended is no proof, so it must come back twice, with
	 * no more than this between. */
	INSTANCES_WINDOW_S = 600,
	INSTANCES_CLONED_S = 180, /* how long the node is called cloned after the last proof */
	INSTANCES_SAY_S = 3600,   /* between two lines of the log */
};

struct instances {
	uint64_t recent[INSTANCES_KEPT]; /* the last one first; 0: none */
	unsigned returns;                /* of earlier ones, within the window */
	uint64_t returned_ns;            /* time of the last return; 0: never */
	uint64_t cloned_ns;              /* time of the last proof; 0: none */
	uint64_t said_ns;                /* time of the last line of the log; 0: none */
};

/* Notes a heartbeat. `instance` 0: it carries no number. True when it should be logged that two
 * machines run. */
bool state_instances_note(struct instances *instances, uint64_t instance, uint64_t now_ns);
bool state_instances_are_cloned(const struct instances *instances, uint64_t now_ns);

#endif
