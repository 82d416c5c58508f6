/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when refusals (401, 403, 404) mean that the control servers do not know this node any
 * more. A gateway on the way, or a server of another installation, refuses it too, so one answer is
 * not enough: a server that gave this node a netmap before must refuse it twice, AGENT_REFUSAL_S
 * apart, with no netmap in between. A value type; zero-initialise it. Without I/O. */
#ifndef LS_AGENT_REFUSALS_H
#define LS_AGENT_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/url.h"

enum {
	AGENT_REFUSAL_S = 30,
};

struct refusals {
	uint64_t first_ns[CONTROL_URLS_MAX]; /* time of a server's first refusal; 0: none */
};

/* Some server has given this node a netmap. */
void agent_refusals_reset(struct refusals *refusals);
/* Notes the answers to one request. Both sets are bits: bit i is item i of the list of URLs.
 * `refused`: these servers have refused this node; `known`: these gave it a netmap before. True
 * when the refusal counts now. */
bool agent_refusals_note(struct refusals *refusals, uint32_t refused, uint32_t known,
                         uint64_t now_ns);

#endif
