/* SPDX-License-Identifier: Apache-2.0 */
/* Built only with the data plane. */
#ifndef LS_CLI_SESSION_HOST_FACTS_H
#define LS_CLI_SESSION_HOST_FACTS_H

#include "apply/facts.h"

/* apply_facts_gather with a netlink socket of its own. */
int session_host_facts_gather(const struct apply_facts_query *query, struct apply_facts *ret,
                              struct ls_fail *fail) LS_MUST_CHECK;

#endif
