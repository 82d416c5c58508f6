/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/longpoll.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/api/endpoints.h"
#include "server/netmap/compose.h"

enum {
	SLICE = 64 /* polls answered before other events get their turn */
};

struct poll {
	struct server *server;
	const struct endpoint *endpoint; /* that it came by */
	struct node *node;
	struct evhttp_request *request;
	uint64_t since;
	struct ls_list in_network;
	struct ls_list in_node;
	struct event event; /* its time is up, or the client has closed */
};

int api_longpoll_compose(struct server *server, struct node *node, bool wrapped,
                         struct evbuffer *out)
{
	int r = 0;

	if (wrapped && evbuffer_add(out, "{\"netmap\":", 10) != 0)
		r = -ENOMEM;
	if (r == 0)
		r = netmap_compose(node, server->relay, ls_wall_s(), out);
	if (r == 0 && wrapped && evbuffer_add(out, "}", 1) != 0)
		r = -ENOMEM;
	return r;
}

/* The request that was parked, for its answer with that status. */
static struct evhttp_request *unpark(struct poll *poll, int status)
{
	struct evhttp_request *request = poll->request;
	struct server_counts *counts = &poll->server->counts;

	counts->waiting--;
	metrics_requests_count(&counts->requests, api_endpoint_id(poll->endpoint), status);
	(void)event_del(&poll->event);
	ls_list_remove(&poll->in_network);
	ls_list_remove(&poll->in_node);
	free(poll);
	return request;
}

static void answer(struct poll *poll)
{
	struct server *server = poll->server;
	struct evbuffer *out = evbuffer_new();
	int r = out ? api_longpoll_compose(server, poll->node, false, out) : -ENOMEM;
	struct evhttp_request *request = unpark(poll, r == 0 ? HTTP_OK : HTTP_INTERNAL);

	if (server->stopping)
		(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection",
		                        "close");
	if (r == 0)
		api_http_send(request, HTTP_OK, "application/json", out);
	else
		api_http_send_error(request, HTTP_INTERNAL, "the server is out of memory");
	if (out)
		evbuffer_free(out);
}

/* Its time is up; or the client has closed, which reads as end of file or error: if it only closed
 * its sending half it still gets an answer, otherwise writing fails, which makes evhttp free the
 * connection. (EV_CLOSED would not do: libevent does not report a reset as that.) A client that
 * sends its next request already is answered early. */
static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

int api_longpoll_park(struct call *call, uint64_t since, uint64_t timeout_s, struct ls_fail *fail)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(call->request);
	evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	const struct timeval timeout = {.tv_sec = (time_t)timeout_s};
	struct poll *poll = ls_try_array(1, sizeof(*poll));

	if (!poll)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	poll->server = call->server;
	poll->endpoint = call->endpoint;
	poll->node = call->node;
	poll->request = call->request;
	poll->since = since;
	if (event_assign(&poll->event, call->server->base, fd, EV_READ, on_event, poll) != 0 ||
	    event_add(&poll->event, &timeout) != 0) {
		free(poll);
		return ls_fail_set(fail, -ENOMEM, "cannot wait for a connection");
	}
	ls_list_append(&call->node->network->polls, &poll->in_network);
	ls_list_append(&call->node->polls, &poll->in_node);
	call->server->counts.waiting++;
	call->deferred = true;
	return 0;
}

static void run_soon(struct server *server)
{
	const struct timeval now = {0};

	(void)event_add(server->wake, &now);
}

void api_longpoll_network_changed(struct server *server, struct network *network)
{
	if (ls_list_empty(&network->polls) || !ls_list_empty(&network->changed))
		return;
	ls_list_append(&server->changed, &network->changed);
	run_soon(server);
}

/* Returns how many of `budget` are left; 0 when polls are left to look at. */
static size_t answer_network(struct network *network, size_t budget)
{
	LS_LIST_EACH_SAFE (it, tmp, &network->polls) {
		struct poll *poll = LS_CONTAINER(it, struct poll, in_network);

		if (poll->since >= network->record->revision)
			continue;
		if (budget == 0)
			return 0;
		budget--;
		answer(poll);
	}
	return budget > 0 ? budget : 1;
}

void api_longpoll_run(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	size_t budget = SLICE;

	(void)fd;
	(void)what;
	while (!ls_list_empty(&server->changed)) {
		struct network *network =
		        LS_CONTAINER(server->changed.next, struct network, changed);

		budget = answer_network(network, budget);
		if (budget == 0) {
			run_soon(server);
			return;
		}
		ls_list_remove(&network->changed);
	}
}

void api_longpoll_node_gone(struct node *node)
{
	LS_LIST_EACH_SAFE (it, tmp, &node->polls) {
		struct poll *poll = LS_CONTAINER(it, struct poll, in_node);

		api_http_send_error(unpark(poll, HTTP_NOTFOUND), HTTP_NOTFOUND, "unknown node");
	}
}

void api_longpoll_answer_all(struct server *server)
{
	struct network *network;

	for (size_t cursor = 0; (network = state_next_network(server->state, &cursor));) {
		LS_LIST_EACH_SAFE (it, tmp, &network->polls)
			answer(LS_CONTAINER(it, struct poll, in_network));
	}
}
