/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a peer's endpoints this host may send to. Without I/O. */
#ifndef LS_PLAN_ENDPOINT_H
#define LS_PLAN_ENDPOINT_H

#include "plan/facts.h"

/* Why this host must not send to the endpoint; a static text, NULL when it may. `tunnel` are the
 * prefixes that lead into the tunnel. */
const char *plan_endpoint_fault(const struct ls_endpoint *endpoint, const struct plan_facts *facts,
                                const struct ls_prefix *tunnel, size_t tunnel_count);

#endif
