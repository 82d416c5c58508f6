/* SPDX-License-Identifier: Apache-2.0 */
#include "net/host_ports.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	/* Longer than a lookup takes: a name that gives other addresses each time must not make its
	 * user announce them in an endless loop. */
	REFRESH_S = 10,
	ADDRESSES_MAX = 2 * LOOKUP_ADDRESSES_MAX,
};

struct addresses {
	struct ls_ip items[ADDRESSES_MAX];
	size_t count;
};

struct host_port {
	struct net_host_ports *ports;
	char *text;
	char *host; /* NULL: the text is an address */
	uint16_t port;
	struct lookup *lookup; /* running */
	uint64_t asked_ns;     /* start of the last lookup */
	bool failing;
	struct addresses now;
	struct addresses next; /* what the running lookup has found */
};

struct net_host_ports {
	struct event_base *base;
	struct net_host_ports_handler handler;
	struct resolver *resolver;
	struct host_port items[LIMIT_ENDPOINTS];
	size_t count;
	char texts[LIMIT_ENDPOINTS * ADDRESSES_MAX][LS_ENDPOINT_TEXT]; /* what list points to */
	const char *list[LIMIT_ENDPOINTS * ADDRESSES_MAX];
};

static void take_text(struct net_host_ports *ports, struct host_port *item, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct ls_endpoint endpoint;
	uint64_t port = 0;

	item->ports = ports;
	item->text = ls_strdup(text);
	if (ls_endpoint_parse(text, &endpoint) == 0) {
		item->port = endpoint.port;
		item->now = (struct addresses){.items = {endpoint.ip}, .count = 1};
		return;
	}
	if (!colon || ls_parse_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
		return; /* not reached: the text was checked */
	item->port = (uint16_t)port;
	item->host = ls_strdup(text);
	item->host[colon - text] = '\0';
}

struct net_host_ports *net_host_ports_new(struct event_base *base, struct string_list list,
                                          const struct net_host_ports_handler *handler)
{
	struct net_host_ports *ports = ls_new(struct net_host_ports);

	assert(list.count <= LIMIT_ENDPOINTS);
	ports->base = base;
	ports->handler = *handler;
	ports->resolver = net_resolver_new(base, 0);
	for (size_t i = 0; i < list.count; i++)
		take_text(ports, &ports->items[ports->count++], list.items[i]);
	return ports;
}

void net_host_ports_free(struct net_host_ports *ports)
{
	if (!ports)
		return;
	net_resolver_free(ports->resolver); /* cancels the lookups */
	for (size_t i = 0; i < ports->count; i++) {
		free(ports->items[i].text);
		free(ports->items[i].host);
	}
	free(ports);
}

static bool same(const struct addresses *a, const struct addresses *b)
{
	for (size_t i = 0; a->count == b->count && i < a->count; i++) {
		if (!ls_ip_equal(&a->items[i], &b->items[i]))
			return false;
	}
	return a->count == b->count;
}

static int compare(const void *a, const void *b)
{
	return ls_ip_compare(a, b);
}

/* Name servers give addresses in turn. Sorted, the same ones are no news. */
static void use_found(struct host_port *item)
{
	struct net_host_ports *ports = item->ports;

	qsort(item->next.items, item->next.count, sizeof(item->next.items[0]), compare);
	if (same(&item->now, &item->next))
		return;
	item->now = item->next;
	if (ports->handler.changed)
		ports->handler.changed(ports->handler.arg);
}

static void on_answer(void *arg, const struct lookup_answer *answer)
{
	struct host_port *item = arg;
	const struct net_host_ports_handler *handler = &item->ports->handler;

	if (answer->last)
		item->lookup = NULL;
	for (size_t i = 0; i < answer->count && item->next.count < ADDRESSES_MAX; i++)
		item->next.items[item->next.count++] = answer->addresses[i];
	/* The addresses of one family are enough to begin with. */
	if (item->next.count > 0 && (answer->last || item->now.count == 0))
		use_found(item);
	if (!answer->last)
		return;
	if (item->next.count == 0 && handler->failed)
		handler->failed(handler->arg, item->text, answer->reason, !item->failing);
	item->failing = item->next.count == 0;
}

void net_host_ports_refresh(struct net_host_ports *ports)
{
	uint64_t now = ls_now_ns();

	for (size_t i = 0; i < ports->count; i++) {
		struct host_port *item = &ports->items[i];

		if (!item->host || item->lookup)
			continue;
		if (item->now.count > 0 && now - item->asked_ns < REFRESH_S * LS_NS_PER_S)
			continue;
		item->asked_ns = now;
		item->next.count = 0;
		item->lookup = net_resolver_start(ports->resolver, item->host, on_answer, item);
	}
}

bool net_host_ports_pending(const struct net_host_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->items[i].lookup)
			return true;
	}
	return false;
}

static bool has(const struct net_host_ports *ports, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (ls_streq(ports->list[i], text))
			return true;
	}
	return false;
}

struct string_list net_host_ports_endpoints(struct net_host_ports *ports)
{
	size_t n = 0;

	for (size_t i = 0; i < ports->count; i++) {
		const struct host_port *item = &ports->items[i];

		for (size_t k = 0; k < item->now.count; k++) {
			const struct ls_endpoint endpoint = {.ip = item->now.items[k],
			                                     .port = item->port};

			ports->list[n] = ls_endpoint_format(&endpoint, ports->texts[n]);
			n += !has(ports, n, ports->texts[n]);
		}
	}
	return (struct string_list){.items = ports->list, .count = n};
}

struct net_host_ports *net_host_ports_resolve(struct string_list list,
                                              const struct net_host_ports_handler *handler)
{
	const struct net_host_ports_handler own = {.failed = handler->failed, .arg = handler->arg};
	struct event_base *base = event_base_new();
	struct net_host_ports *ports;

	if (!base)
		return NULL;
	ports = net_host_ports_new(base, list, &own);
	net_host_ports_refresh(ports);
	while (net_host_ports_pending(ports) && event_base_loop(base, EVLOOP_ONCE) == 0)
		;
	net_resolver_free(ports->resolver);
	ports->resolver = NULL;
	ports->base = NULL;
	event_base_free(base);
	return ports;
}
