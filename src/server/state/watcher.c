/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/watcher.h"

#include "server/state/memory.h"

void state_watch(struct server_state *state, struct state_watcher *watcher)
{
	ls_list_append(&state->watchers, &watcher->link);
}

void state_unwatch(struct state_watcher *watcher)
{
	ls_list_remove(&watcher->link);
}

void state_tell_network_changed(struct server_state *state, struct network *network)
{
	LS_LIST_EACH (it, &state->watchers) {
		const struct state_watcher *watcher = LS_CONTAINER(it, struct state_watcher, link);

		if (watcher->network_changed)
			watcher->network_changed(watcher->context, network);
	}
}

void state_tell_node_gone(struct server_state *state, struct node *node)
{
	LS_LIST_EACH (it, &state->watchers) {
		const struct state_watcher *watcher = LS_CONTAINER(it, struct state_watcher, link);

		if (watcher->node_gone)
			watcher->node_gone(watcher->context, node);
	}
}

void state_tell_deadline_changed(struct server_state *state)
{
	LS_LIST_EACH (it, &state->watchers) {
		const struct state_watcher *watcher = LS_CONTAINER(it, struct state_watcher, link);

		if (watcher->deadline_changed)
			watcher->deadline_changed(watcher->context);
	}
}

void state_tell_gather_changed(struct server_state *state)
{
	LS_LIST_EACH (it, &state->watchers) {
		const struct state_watcher *watcher = LS_CONTAINER(it, struct state_watcher, link);

		if (watcher->gather_changed)
			watcher->gather_changed(watcher->context);
	}
}
