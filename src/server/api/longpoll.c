/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/longpoll.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/netmap/compose.h"
#include "server/state/watcher.h"
#include "json/json.h"

enum {
	SLICE_NS = 5000000, /* answers polls for so long before other events get their turn */
};

/* The polls of one network; exists only while there are any. */
struct polled_network {
	struct network *network; /* this pointer is the map's key */
	struct ls_list polls;    /* struct poll.in_network */
	struct ls_list link;     /* in longpolls.all */
	struct ls_list changed;  /* in longpolls.changed: the network has changed */
	bool walked;             /* a loop over its list is running: do not free it */
};

/* The polls of one node; exists only while there are any. */
struct polled_node {
	struct node *node;    /* this pointer is the map's key */
	struct ls_list polls; /* struct poll.in_node */
};

struct longpolls {
	struct server *server;
	struct state_watcher watcher;
	struct event *wake; /* answers the polls of the networks in `changed` */
	struct ls_map *networks;
	struct ls_map *nodes;
	struct ls_list all;
	struct ls_list changed;
};

struct poll {
	struct longpolls *polls;
	struct call *call;
	struct polled_network *network;
	struct polled_node *node;
	uint64_t since;
	struct ls_list in_network;
	struct ls_list in_node;
	struct event timer; /* fires when its time is over */
};

static int add_warnings(struct evbuffer *out, struct string_list warnings, bool cloned)
{
	static const char other[] = "another machine runs with the state of this node, and the two "
	                            "take turns: move the state file away on one of them and "
	                            "register it again";
	json_t *list = json_array();
	bool ok = list != NULL;
	char *text;
	int r;

	for (size_t i = 0; ok && i < warnings.count; i++)
		ok = json_append(list, json_string(warnings.items[i]));
	if (ok && cloned)
		ok = json_append(list, json_string(other));
	text = ok && json_array_size(list) > 0 ? json_text(list, NULL) : NULL;
	json_decref(list);
	r = text ? evbuffer_add_printf(out, ",\"warnings\":%s", text) : 0;
	free(text);
	return ok && r >= 0 ? 0 : -ENOMEM;
}

int api_longpoll_compose(struct call *call, struct node *node, bool wrapped)
{
	struct evbuffer *out = api_call_out(call);
	int r = 0;

	if (wrapped && evbuffer_add(out, "{\"netmap\":", 10) != 0)
		r = -ENOMEM;
	if (r == 0)
		r = netmap_compose(node, call->server->relay, ls_wall_s(), out, &call->shared);
	if (r == 0 && wrapped)
		r = add_warnings(out, call->warnings,
		                 state_instances_are_cloned(&node->instances, ls_now_ns()));
	if (r == 0 && wrapped && evbuffer_add(out, "}", 1) != 0)
		r = -ENOMEM;
	return r;
}

static struct polled_network *network_entry(struct longpolls *polls, struct network *network)
{
	struct polled_network *entry = ls_map_get(polls->networks, &network, sizeof(network));

	if (entry)
		return entry;
	entry = ls_new(struct polled_network);
	entry->network = network;
	if (ls_map_add(polls->networks, &entry->network, sizeof(entry->network), entry) < 0) {
		free(entry);
		return NULL;
	}
	ls_list_init(&entry->polls);
	ls_list_init(&entry->changed);
	ls_list_append(&polls->all, &entry->link);
	return entry;
}

static void network_entry_release(struct longpolls *polls, struct polled_network *entry)
{
	if (!ls_list_empty(&entry->polls) || entry->walked)
		return;
	(void)ls_map_remove(polls->networks, &entry->network, sizeof(entry->network));
	ls_list_remove(&entry->link);
	ls_list_remove(&entry->changed);
	free(entry);
}

static struct polled_node *node_entry(struct longpolls *polls, struct node *node)
{
	struct polled_node *entry = ls_map_get(polls->nodes, &node, sizeof(node));

	if (entry)
		return entry;
	entry = ls_new(struct polled_node);
	entry->node = node;
	if (ls_map_add(polls->nodes, &entry->node, sizeof(entry->node), entry) < 0) {
		free(entry);
		return NULL;
	}
	ls_list_init(&entry->polls);
	return entry;
}

static void node_entry_release(struct longpolls *polls, struct polled_node *entry)
{
	if (!ls_list_empty(&entry->polls))
		return;
	(void)ls_map_remove(polls->nodes, &entry->node, sizeof(entry->node));
	free(entry);
}

/* Removes and frees the poll, and gives the call back to be answered. */
static struct call *unpark(struct poll *poll)
{
	struct longpolls *polls = poll->polls;
	struct call *call = poll->call;

	polls->server->counts.waiting--;
	(void)event_del(&poll->timer);
	ls_list_remove(&poll->in_network);
	ls_list_remove(&poll->in_node);
	network_entry_release(polls, poll->network);
	node_entry_release(polls, poll->node);
	free(poll);
	call->gone = NULL;
	call->half_closed = NULL;
	return call;
}

static void answer(struct poll *poll)
{
	struct node *node = poll->node->node;
	struct call *call = unpark(poll);
	struct ls_fail fail = {0};
	int r = api_longpoll_compose(call, node, false);

	if (r < 0)
		(void)ls_fail_set(&fail, r, "out of memory");
	api_call_send(call, r, &fail);
}

static void on_gone(struct call *call)
{
	const struct ls_fail fail = {.text = "the client has gone"};

	api_call_send(unpark(call->holder), LS_ERROR_UNREACHABLE, &fail);
}

/* The client has gone, or waits for a last answer: sending one shows which. */
static void on_half_closed(struct call *call)
{
	answer(call->holder);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

static bool index_poll(struct poll *poll, struct node *node)
{
	struct longpolls *polls = poll->polls;

	poll->network = network_entry(polls, node->network);
	if (!poll->network)
		return false;
	poll->node = node_entry(polls, node);
	if (!poll->node) {
		network_entry_release(polls, poll->network);
		return false;
	}
	ls_list_append(&poll->network->polls, &poll->in_network);
	ls_list_append(&poll->node->polls, &poll->in_node);
	return true;
}

int api_longpoll_park(struct call *call, uint64_t since, uint64_t timeout_s, struct ls_fail *fail)
{
	const struct timeval timeout = {.tv_sec = (time_t)timeout_s};
	struct poll *poll = ls_try_array(1, sizeof(*poll));

	if (!poll)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	poll->polls = call->server->polls;
	poll->call = call;
	poll->since = since;
	if (event_assign(&poll->timer, call->server->base, -1, 0, on_time, poll) != 0 ||
	    event_add(&poll->timer, &timeout) != 0) {
		free(poll);
		return ls_fail_set(fail, -ENOMEM, "cannot set a timer");
	}
	if (!index_poll(poll, call->node)) {
		(void)event_del(&poll->timer);
		free(poll);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	call->server->counts.waiting++;
	call->gone = on_gone;
	call->half_closed = on_half_closed;
	call->holder = poll;
	api_call_park(call);
	return CALL_LATER;
}

static void run_soon(struct longpolls *polls)
{
	const struct timeval now = {0};

	(void)event_add(polls->wake, &now);
}

static void on_network_changed(void *context, struct network *network)
{
	struct longpolls *polls = context;
	struct polled_network *entry = ls_map_get(polls->networks, &network, sizeof(network));

	if (!entry || !ls_list_empty(&entry->changed))
		return;
	ls_list_append(&polls->changed, &entry->changed);
	run_soon(polls);
}

bool api_longpoll_has_news(struct node *node, uint64_t since)
{
	return since < node->network->revision || netmap_has_news_of_probes(node, ls_wall_s());
}

/* Answers polls of the network until `end_ns`, at least one; those that wait for a later revision
 * stay. True when no poll is left to be answered. */
static bool answer_network(struct polled_network *entry, uint64_t end_ns)
{
	bool late = false;

	LS_LIST_EACH_SAFE (it, tmp, &entry->polls) {
		struct poll *poll = LS_CONTAINER(it, struct poll, in_network);

		if (!api_longpoll_has_news(poll->node->node, poll->since))
			continue;
		if (late)
			return false;
		answer(poll);
		late = ls_now_ns() >= end_ns;
	}
	return true;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct longpolls *polls = arg;
	const uint64_t end_ns = ls_now_ns() + SLICE_NS;

	(void)fd;
	(void)what;
	while (!ls_list_empty(&polls->changed)) {
		struct polled_network *entry =
		        LS_CONTAINER(polls->changed.next, struct polled_network, changed);
		bool all;

		entry->walked = true;
		all = answer_network(entry, end_ns);
		entry->walked = false;
		if (all)
			ls_list_remove(&entry->changed);
		network_entry_release(polls, entry);
		if (ls_now_ns() >= end_ns)
			break;
	}
	if (!ls_list_empty(&polls->changed))
		run_soon(polls);
}

static void on_node_gone(void *context, struct node *node)
{
	struct longpolls *polls = context;
	const struct polled_node *entry;
	struct ls_fail fail;

	/* unpark() frees the entry with its last poll. */
	while ((entry = ls_map_get(polls->nodes, &node, sizeof(node)))) {
		struct poll *poll = LS_CONTAINER(entry->polls.next, struct poll, in_node);

		(void)ls_fail_set(&fail, LS_ERROR_NOT_FOUND, "unknown node");
		api_call_send(unpark(poll), fail.code, &fail);
	}
}

void api_longpolls_replace(struct longpolls *polls, struct node *node)
{
	const struct polled_node *entry = ls_map_get(polls->nodes, &node, sizeof(node));
	struct poll *own = NULL;
	struct ls_fail fail;
	struct call *call;

	if (!entry)
		return;
	LS_LIST_EACH (it, &entry->polls) {
		struct poll *poll = LS_CONTAINER(it, struct poll, in_node);

		if (poll->call->origin.actor.kind == ACTOR_NODE)
			own = poll;
	}
	if (!own)
		return;
	polls->server->counts.polls_replaced++;
	call = unpark(own);
	call->status = HTTP_STATUS_TOO_MANY;
	api_call_header(call, "Retry-After", "5");
	(void)ls_fail_set(&fail, LS_ERROR_AUTH, "a newer long-poll of this node replaces this one");
	api_call_send(call, fail.code, &fail);
}

static struct poll *first_of(const struct longpolls *polls)
{
	const struct polled_network *entry =
	        LS_CONTAINER(polls->all.next, struct polled_network, link);

	return LS_CONTAINER(entry->polls.next, struct poll, in_network);
}

void api_longpolls_answer_all(struct longpolls *polls)
{
	while (!ls_list_empty(&polls->all))
		answer(first_of(polls));
}

struct longpolls *api_longpolls_new(struct server *server)
{
	struct longpolls *polls = ls_new(struct longpolls);

	polls->server = server;
	polls->watcher = (struct state_watcher){
	        .context = polls, .network_changed = on_network_changed, .node_gone = on_node_gone};
	ls_list_init(&polls->watcher.link);
	polls->networks = ls_map_new();
	polls->nodes = ls_map_new();
	ls_list_init(&polls->all);
	ls_list_init(&polls->changed);
	polls->wake = event_new(server->base, -1, 0, on_wake, polls);
	if (!polls->wake) {
		api_longpolls_free(polls);
		return NULL;
	}
	return polls;
}

void api_longpolls_watch(struct longpolls *polls)
{
	state_watch(polls->server->state, &polls->watcher);
}

void api_longpolls_free(struct longpolls *polls)
{
	if (!polls)
		return;
	state_unwatch(&polls->watcher);
	ls_map_free(polls->networks);
	ls_map_free(polls->nodes);
	if (polls->wake)
		event_free(polls->wake);
	free(polls);
}
