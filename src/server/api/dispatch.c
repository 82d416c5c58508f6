/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "server/api/auth.h"
#include "server/api/endpoints.h"

/* Where evhttp and a proxy before us could disagree on where a request ends, what follows must not
 * be taken for a request (RFC 9112, 5.1, 6.1, 6.3). */
static int check_framing(struct call *call, struct ls_fail *fail)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
	const struct evkeyval *header;
	unsigned lengths = 0, encodings = 0;
	bool sound = true;

	TAILQ_FOREACH (header, headers, next) {
		sound = sound && strpbrk(header->key, " \t") == NULL;
		if (strcasecmp(header->key, "Content-Length") == 0) {
			lengths++;
			sound = sound && header->value[0] >= '0' && header->value[0] <= '9';
		} else if (strcasecmp(header->key, "Transfer-Encoding") == 0) {
			encodings++;
			sound = sound && strcasecmp(header->value, "chunked") == 0;
		}
	}
	if (sound && lengths + encodings <= 1)
		return 0;
	api_call_header(call, "Connection", "close");
	return ls_fail_set(fail, LS_ERROR_SYNTAX,
	                   "header: the length of the body is not clear; send one Content-Length, "
	                   "or Transfer-Encoding: chunked");
}

/* Path and query from the raw URI, so that no decoding but ours takes place. */
static int read_uri(struct call *call, struct ls_fail *fail)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(call->request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;

	if (!path || strlen(path) >= CALL_PATH_MAX)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "no such path");
	call->path = ls_strdup(path);
	if (query && *query != '\0' && evhttp_parse_query_str(query, &call->query) < 0)
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "query: not of the form name=value");
	return 0;
}

static int find_object(struct call *call, struct ls_fail *fail)
{
	switch (call->endpoint->object) {
	case OBJECT_NONE:
		return 0;
	case OBJECT_NETWORK:
		call->network = state_network(call->server->state, call->params[0]);
		return call->network ? 0 : ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown network");
	case OBJECT_NODE:
		call->node = state_node(call->server->state, call->params[0]);
		return call->node ? 0 : ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown node");
	}
	return -EINVAL;
}

/* Credentials come before anything that tells what exists. */
static int authorise(struct call *call, struct ls_fail *fail)
{
	int r;

	switch (proto_endpoint_row(api_endpoint_id(call->endpoint))->auth) {
	case PROTO_AUTH_NONE:
	case PROTO_AUTH_NODE_IN_BODY: /* its handler asks, once it knows the node */
		return find_object(call, fail);
	case PROTO_AUTH_ADMIN:
		r = api_auth_admin(call, fail);
		return r < 0 ? r : find_object(call, fail);
	case PROTO_AUTH_NODE:
		(void)find_object(call, fail);
		return api_auth_node(call, call->node, fail);
	}
	return -EINVAL;
}

static int handle(struct call *call, struct ls_fail *fail)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(call->request);
	char allow[ENDPOINT_ALLOW_MAX];
	int r = check_framing(call, fail);

	if (r == 0)
		r = read_uri(call, fail);
	if (r == 0) {
		r = api_endpoint_find(call, method, allow, fail);
		if (r == LS_ERROR_USAGE)
			api_call_header(call, "Allow", allow);
	}
	if (r == 0)
		r = authorise(call, fail);
	if (r == 0 && call->endpoint->body_max > 0)
		r = api_call_read_body(call, call->endpoint->body_max, fail);
	return r < 0 ? r : call->endpoint->handle(call, fail);
}

void api_dispatch(struct evhttp_request *request, void *arg)
{
	struct server *server = arg;
	struct call *call = api_call_new(server, request);
	struct ls_fail fail = {0};
	int r = handle(call, &fail);

	if (r != CALL_LATER)
		api_call_send(call, r, &fail);
}
