/* SPDX-License-Identifier: Apache-2.0 */
/* Notices when this host has come into another network: its addresses, routes, rules or name
 * servers have changed, so that a plan may have to leave out more than before, or less. Event
 * loop's thread only. */
#ifndef LS_AGENT_SURROUNDINGS_H
#define LS_AGENT_SURROUNDINGS_H

#include <stdint.h>

#include "base/error.h"

struct event_base;
struct surroundings;

/* `changed` is called from the event loop, a moment after the first of several changes, and not
 * again for some seconds. Changes of the tunnel itself do not count; its name is copied. */
int agent_surroundings_open(struct event_base *base, const char *interface,
                            void (*changed)(void *arg), void *arg, struct surroundings **ret,
                            struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. */
void agent_surroundings_close(struct surroundings *surroundings);

/* Call it every few seconds: nothing tells of changes of the name servers. */
void agent_surroundings_tick(struct surroundings *surroundings);

#endif
