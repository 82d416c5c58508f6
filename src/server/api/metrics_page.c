/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/metrics_page.h"

#include <inttypes.h>
#include <string.h>

#include "proto/endpoints.h"
#include "server/api/reply.h"
#include "server/api/service.h"
#include "server/http/httpd.h"
#include "server/metrics/exposition.h"
#include "server/metrics/usage.h"
#include "server/state/roster.h"

enum node_state {
	NODE_ACTIVE,
	NODE_PENDING, /* waits for approval */
	NODE_EXPIRED, /* a key is too old */
	NODE_REVOKED,
	NODE_STATES,
};

static const char *const state_names[] = {
        [NODE_ACTIVE] = "active",
        [NODE_PENDING] = "pending",
        [NODE_EXPIRED] = "key_expired",
        [NODE_REVOKED] = "revoked",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == NODE_STATES, "names");

static enum node_state state_of(const struct node *node)
{
	if (node->record->revoked_at != 0)
		return NODE_REVOKED;
	if (!node->record->info.approved)
		return NODE_PENDING;
	return node->rotation_required ? NODE_EXPIRED : NODE_ACTIVE;
}

static void put_nodes(struct exposition *e, const struct network *network)
{
	uint64_t counts[NODE_STATES] = {0};
	const struct node *node;

	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
		counts[state_of(node)]++;
	for (size_t i = 0; i < NODE_STATES; i++)
		metrics_exposition_labelled(e, counts[i], "network=\"%s\",state=\"%s\"",
		                            network->id, state_names[i]);
}

static void put_networks(struct exposition *e, const struct server *server)
{
	const struct network *network;
	uint64_t count = 0;

	metrics_exposition_head(e, "lightscale_network_nodes", "gauge", "Nodes by their state.");
	for (size_t cursor = 0; (network = state_next_network(server->state, &cursor)); count++)
		put_nodes(e, network);
	metrics_exposition_head(e, "lightscale_network_revision", "gauge",
	                        "The revision of the network's netmaps.");
	for (size_t cursor = 0; (network = state_next_network(server->state, &cursor));)
		metrics_exposition_labelled(e, network->revision, "network=\"%s\"", network->id);
	metrics_exposition_head(e, "lightscale_endpoints_dropped_total", "counter",
	                        "Endpoints in heartbeats at which no other host can be reached.");
	metrics_exposition_number(e, state_endpoints_dropped(server->state));
	metrics_exposition_head(e, "lightscale_networks", "gauge", "Networks.");
	metrics_exposition_number(e, count);
}

static void put_route(struct exposition *e, const struct requests *requests, size_t route,
                      const char *method, const char *pattern)
{
	uint64_t count;
	int status;

	for (size_t cursor = 0; metrics_requests_next(requests, route, &cursor, &status, &count);)
		metrics_exposition_labelled(e, count, "method=\"%s\",route=\"%s\",status=\"%d\"",
		                            method, pattern, status);
}

static void put_front(struct exposition *e, const struct httpd *httpd)
{
	const struct httpd_counts counts = httpd_counts(httpd);

	metrics_exposition_head(e, "lightscale_http_connections", "gauge", "Connections.");
	metrics_exposition_number(e, counts.connections);
	metrics_exposition_head(e, "lightscale_http_memory_bytes", "gauge",
	                        "Memory of unread requests and unsent answers.");
	metrics_exposition_number(e, counts.memory);
	metrics_exposition_head(
	        e, "lightscale_http_connections_refused_total", "counter",
	        "Connections that were refused because the server was at work for all others.");
	metrics_exposition_number(e, counts.turned_away);
	metrics_exposition_head(e, "lightscale_http_connections_evicted_total", "counter",
	                        "Connections that were closed to make room for others.");
	metrics_exposition_labelled(e, counts.evicted, "reason=\"connections\"");
	metrics_exposition_labelled(e, counts.evicted_memory, "reason=\"memory\"");
	metrics_exposition_head(e, "lightscale_http_memory_refused_total", "counter",
	                        "Requests and answers for which no memory was left.");
	metrics_exposition_number(e, counts.no_memory);
}

static void put_requests(struct exposition *e, const struct server *server)
{
	metrics_exposition_head(e, "lightscale_http_requests_total", "counter",
	                        "Requests that were answered, by route and status.");
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++) {
		const struct proto_endpoint_row *row = proto_endpoint_row(id);

		put_route(e, &server->counts.requests, id, proto_method_name(row->method),
		          row->pattern);
	}
	put_route(e, &server->counts.requests, REQUESTS_ROUTES - 1, "", "");
	metrics_exposition_head(
	        e, "lightscale_http_request_seconds", "histogram",
	        "Time to answer a request; the wait of a long-poll does not count.");
	metrics_exposition_histogram(e, &server->counts.work);
	metrics_exposition_head(e, "lightscale_http_longpolls_waiting", "gauge",
	                        "Long-polls that wait for a new revision.");
	metrics_exposition_number(e, server->counts.waiting);
	metrics_exposition_head(e, "lightscale_node_requests_refused_total", "counter",
	                        "Requests of nodes with too many at once, and long-polls that gave "
	                        "way to a newer one of their node.");
	metrics_exposition_labelled(e, server->counts.node_refused, "reason=\"too_many\"");
	metrics_exposition_labelled(e, server->counts.polls_replaced, "reason=\"replaced\"");
	metrics_exposition_head(
	        e, "lightscale_auth_failures_total", "counter",
	        "Wrong credentials, and attempts that were refused unchecked after too many.");
	metrics_exposition_labelled(e, server->counts.auth_wrong, "reason=\"wrong\"");
	metrics_exposition_labelled(e, server->counts.auth_throttled, "reason=\"throttled\"");
}

static void put_store(struct exposition *e, const struct server *server)
{
	struct store *store = state_store(server->state);
	const struct server_counts *counts = &server->counts;
	struct store_status status;

	store->ops->status(store, &status);
	metrics_exposition_head(e, "lightscale_store_commit_seconds", "histogram",
	                        "Time until a change is durable.");
	metrics_exposition_histogram(e, status.commits);
	metrics_exposition_head(e, "lightscale_store_commit_failures_total", "counter",
	                        "Changes that could not be made durable.");
	metrics_exposition_number(e, status.failures);
	metrics_exposition_head(e, "lightscale_store_transactions_total", "counter",
	                        "Transactions; each makes one or more changes durable.");
	metrics_exposition_number(e, status.transactions);
	metrics_exposition_head(e, "lightscale_store_up", "gauge",
	                        "1 if changes can be made durable.");
	metrics_exposition_number(e, status.failure == 0);
	metrics_exposition_head(e, "lightscale_store_queue_length", "gauge",
	                        "Changes and reads that the storage has not finished.");
	metrics_exposition_number(e, status.waiting);
	metrics_exposition_head(e, "lightscale_changes_waiting", "gauge",
	                        "Changes that have not ended.");
	metrics_exposition_number(e, state_change_count(server->state));
	metrics_exposition_head(e, "lightscale_store_refused_total", "counter",
	                        "Requests that were given up before the storage had done them.");
	metrics_exposition_labelled(e, counts->no_room, "reason=\"no_room\"");
	metrics_exposition_labelled(e, counts->waited_too_long, "reason=\"too_long\"");
	metrics_exposition_labelled(e, counts->left, "reason=\"client_gone\"");
	metrics_exposition_labelled(e, counts->unknown_end, "reason=\"unknown_end\"");
}

static bool put_page(const struct server *server, struct evbuffer *out)
{
	struct exposition e = {.out = out};

	metrics_exposition_head(&e, "lightscale_build_info", "gauge", "The running version.");
	metrics_exposition_labelled(&e, 1, "version=\"%s\"", LS_VERSION);
	put_front(&e, server->httpd);
	put_requests(&e, server);
	put_networks(&e, server);
	put_store(&e, server);
	metrics_usage_put(&e);
	return !e.failed;
}

static void on_head(void *context, struct httpd_request *request, const struct http_head *head)
{
	static const struct http_field allow = {.name = "Allow", .value = "GET, HEAD"};
	struct httpd_answer answer = {.status = HTTP_STATUS_NOT_FOUND};

	if (strcmp(head->path, "/metrics") != 0) {
		api_reply_error(request, answer, "no such path; there is /metrics");
		return;
	}
	if (strcmp(head->method, "GET") != 0 && strcmp(head->method, "HEAD") != 0) {
		answer = (struct httpd_answer){
		        .status = HTTP_STATUS_BAD_METHOD, .fields = &allow, .field_count = 1};
		api_reply_error(request, answer, "method not allowed here; use GET, HEAD");
		return;
	}
	answer = (struct httpd_answer){
	        .status = HTTP_STATUS_OK, .type = EXPOSITION_MEDIA, .body = evbuffer_new()};
	if (answer.body && put_page(context, answer.body)) {
		api_reply(request, answer);
	} else {
		answer.status = HTTP_STATUS_INTERNAL;
		api_reply_error(request, answer, "the server is out of memory");
	}
	if (answer.body)
		evbuffer_free(answer.body);
}

static void on_fault(void *context, struct httpd_request *request, enum http_status status,
                     const char *text)
{
	(void)context;
	api_reply_fault(request, status, text);
}

const struct httpd_handler api_metrics_page_handler = {.head = on_head, .fault = on_fault};
