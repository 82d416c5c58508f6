/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/node_requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/longpoll.h"

/* The requests of one node; exists only while there are any. The node may be deleted meanwhile. */
struct node_requests {
	struct httpd_tenant tenant;
	struct ls_map *map; /* server->node_requests */
	char id[LIMIT_ID_LEN + 1];
};

static void on_empty(struct httpd_tenant *tenant)
{
	struct node_requests *requests = LS_CONTAINER(tenant, struct node_requests, tenant);

	(void)ls_map_remove(requests->map, requests->id, strlen(requests->id));
	free(requests);
}

static struct node_requests *requests_of(struct server *server, const struct node *node)
{
	struct ls_map *map = server->node_requests;
	struct node_requests *requests = ls_map_get(map, node->id, strlen(node->id));

	if (requests)
		return requests;
	requests = ls_new(struct node_requests);
	httpd_tenant_init(&requests->tenant, on_empty);
	requests->map = map;
	memcpy(requests->id, node->id, sizeof(requests->id));
	if (ls_map_add(map, requests->id, strlen(requests->id), requests) < 0)
		abort();
	return requests;
}

int api_node_requests_join(struct call *call, struct node *node, struct ls_fail *fail)
{
	struct server *server = call->server;

	if (call->endpoint == PROTO_ENDPOINT_LONGPOLL)
		api_longpolls_replace(server->polls, node);
	if (httpd_request_join(call->request, &requests_of(server, node)->tenant,
	                       NODE_REQUESTS_MAX))
		return 0;
	server->counts.node_refused++;
	call->status = HTTP_STATUS_TOO_MANY;
	api_call_header(call, "Retry-After", "1");
	return ls_fail_set(fail, LS_ERROR_AUTH,
	                   "the server is at work on %d requests of this node; try again in 1 s",
	                   (int)NODE_REQUESTS_MAX);
}
