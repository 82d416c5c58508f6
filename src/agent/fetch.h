/* SPDX-License-Identifier: Apache-2.0 */
/* One netmap, waited for: of wg-up and of dry runs. */
#ifndef LS_AGENT_FETCH_H
#define LS_AGENT_FETCH_H

#include <stdbool.h>

#include "agent/options.h"
#include "base/error.h"
#include "profile/node_state.h"
#include "proto/netmap.h"

enum {
	AGENT_REQUEST_TIMEOUT_MS = 10000, /* of each server */
};

/* This node's netmap, the caller's to free. Codes as in struct control_answer. */
int agent_fetch_netmap(const struct agent_options *options, const struct node_state *state,
                       struct netmap **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* True for a failure that says nothing about this node: no server was reached. */
bool agent_fetch_may_use_cache(int code);

#endif
