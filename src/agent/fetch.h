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
/* True unless `code` says that every server refuses this node: the others say nothing about it. */
bool agent_fetch_may_use_cache(int code);

/* Passes on a netmap that is the node's. Frees another one: LS_ERROR_REMOTE. */
int agent_fetch_check_own(struct netmap *netmap, const char *node_id, struct netmap **ret,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
