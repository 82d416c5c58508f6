/* SPDX-License-Identifier: Apache-2.0 */
/* What must stay reachable outside the tunnel. A network whose addresses covered the control
 * server, the gateway or a name server would cut this host off, and then nothing could take the
 * network back. Without I/O. */
#ifndef LS_PLAN_UNDERLAY_H
#define LS_PLAN_UNDERLAY_H

#include "base/str.h"
#include "plan/facts.h"

/* Appends to `why` the reason for which `prefix` must not lead into the tunnel; nothing when it
 * may. The user allows a single address with a prefix of exactly that address: somebody may want to
 * ask a name server inside the network. */
void plan_underlay_check(const struct ls_prefix *prefix, const struct plan_allow *allow,
                         const struct plan_facts *facts, struct ls_buf *why);

#endif
