/* SPDX-License-Identifier: Apache-2.0 */
#include "control/client.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "control/exchange.h"

struct control_client *control_client_new(struct event_base *base,
                                          const struct control_trust *trust,
                                          struct known_hosts *known)
{
	static const struct control_trust system_trust;
	struct control_client *client = ls_new(struct control_client);

	client->base = base;
	client->known = known;
	client->dialer = control_dialer_new(base, trust ? trust : &system_trust, known);
	client->refuses_http = trust && trust->has_pin;
	control_connection_pool_init(&client->pool);
	ls_list_init(&client->exchanges);
	return client;
}

void control_client_free(struct control_client *client)
{
	if (!client)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &client->exchanges) {
		control_exchange_free(LS_CONTAINER(it, struct control_exchange, node));
	}
	control_connection_pool_done(&client->pool);
	control_dialer_free(client->dialer);
	free(client);
}

/* Small texts: out of memory aborts. */
static char *join(const char *a, const char *b, const char *c)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
	char *text = ls_new_bytes(size);

	(void)snprintf(text, size, "%s%s%s", a, b, c);
	return text;
}

static void copy_request(struct control_exchange *ex, const struct control_request *request)
{
	LS_FREE char *head = join(proto_method_name(request->method), " ", ex->url.text);

	ex->method = request->method;
	ex->kind = request->answer;
	ex->timeout_ms = request->timeout_ms ? request->timeout_ms : CONTROL_TIMEOUT_MS;
	ex->once = request->once;
	ex->path = join(ex->url.base, request->path, "");
	ex->what = join(head, request->label ? request->label : request->path, "");
	if (request->token)
		ex->authorization = join("Bearer ", request->token, "");
	if (request->body)
		ex->body = json_dumps(request->body, JSON_COMPACT);
}

struct control_exchange *control_exchange_start(struct control_client *client,
                                                const struct control_url *url,
                                                const struct control_request *request,
                                                control_done_fn done, void *arg)
{
	struct control_exchange *ex = ls_new(struct control_exchange);
	struct timeval limit;

	ex->client = client;
	ex->url = *url;
	ex->done = done;
	ex->arg = arg;
	copy_request(ex, request);
	limit.tv_sec = (time_t)(ex->timeout_ms / 1000);
	limit.tv_usec = (suseconds_t)(ex->timeout_ms % 1000 * 1000);
	ex->step = event_new(client->base, -1, 0, control_exchange_on_step, ex);
	ex->deadline = event_new(client->base, -1, 0, control_exchange_on_deadline, ex);
	if (!ex->step || !ex->deadline || event_add(ex->deadline, &limit) < 0)
		abort(); /* small fixed objects: out of memory */
	ls_list_append(&client->exchanges, &ex->node);
	event_active(ex->step, EV_TIMEOUT, 0);
	return ex;
}

void control_exchange_cancel(struct control_exchange *exchange)
{
	if (exchange)
		control_exchange_free(exchange);
}
