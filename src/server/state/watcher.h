/* SPDX-License-Identifier: Apache-2.0 */
/* Watchers are told of changes of the state; today these are the long-polls and the timer of
 * api/. */
#ifndef LS_SERVER_STATE_WATCHER_H
#define LS_SERVER_STATE_WATCHER_H

#include "base/list.h"

struct network;
struct node;
struct server_state;

/* The callbacks run on the thread of the control loop, after a change was applied, in the order in
 * which the watchers were registered. A callback may read the state. It must not change the state
 * or register or remove watchers. NULL: the watcher does not want this one. */
struct state_watcher {
	void *context;
	/* The revision that clients of the network see has gone up, or somebody wants probes. */
	void (*network_changed)(void *context, struct network *network);
	/* The node is being deleted; it is freed after all watchers were told. */
	void (*node_gone)(void *context, struct node *node);
	/* state_deadline has another value. */
	void (*deadline_changed)(void *context);
	/* state_gather_deadline may have another value. */
	void (*gather_changed)(void *context);
	struct ls_list link; /* owned by the state */
};

/* The caller owns the watcher and must not move or free it until state_unwatch or state_close. */
void state_watch(struct server_state *state, struct state_watcher *watcher);
void state_unwatch(struct state_watcher *watcher);

/* Only for state/: these call the watchers. */
void state_tell_network_changed(struct server_state *state, struct network *network);
void state_tell_node_gone(struct server_state *state, struct node *node);
void state_tell_deadline_changed(struct server_state *state);
void state_tell_gather_changed(struct server_state *state);

#endif
