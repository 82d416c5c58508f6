/* SPDX-License-Identifier: Apache-2.0 */
/* Who wants to hear of changes: long-polls today. Any number of watchers may be registered; the
 * state knows nothing else of them. */
#ifndef LS_SERVER_STATE_WATCHER_H
#define LS_SERVER_STATE_WATCHER_H

#include "base/list.h"

struct network;
struct node;
struct server_state;

/* The callbacks run on the control loop's thread, after a change was applied, in the order in which
 * the watchers were registered. A callback may read the state. It must not change the state, and
 * must not register or remove watchers. NULL: not of interest. */
struct state_watcher {
	void *context;
	/* The revision of the network has gone up. */
	void (*network_changed)(void *context, struct network *network);
	/* The node was deleted; it is freed when all watchers have been told. */
	void (*node_gone)(void *context, struct node *node);
	/* state_deadline has another value. */
	void (*deadline_changed)(void *context);
	struct ls_list link; /* the state's */
};

/* The watcher belongs to the caller and stays where it is until state_unwatch or state_close. */
void state_watch(struct server_state *state, struct state_watcher *watcher);
void state_unwatch(struct state_watcher *watcher);

/* For state/ itself: calls the watchers. */
void state_tell_network_changed(struct server_state *state, struct network *network);
void state_tell_node_gone(struct server_state *state, struct node *node);
void state_tell_deadline_changed(struct server_state *state);

#endif
