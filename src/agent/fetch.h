/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches one netmap and waits for it, for wg-up and dry runs. */
#ifndef LS_AGENT_FETCH_H
#define LS_AGENT_FETCH_H

#include <stdbool.h>

#include "agent/options.h"
#include "base/error.h"
#include "profile/node_state.h"
#include "proto/netmap.h"

enum {
	AGENT_REQUEST_TIMEOUT_MS = 10000, /* for each server */
};

/* Fetches this node's netmap, which the caller frees. `known` is as for control_client_new. Codes
 * as in struct control_answer. */
int agent_fetch_netmap(const struct agent_options *options, const struct node_state *state,
                       struct known_hosts *known, struct netmap **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* True when `code` says nothing about this node, because no trusted server was reached. */
bool agent_fetch_may_use_cache(int code);

#endif
