/* SPDX-License-Identifier: Apache-2.0 */
/* A cancelled lookup's callback still comes, from a later turn of the loop, and libevent's resolver
 * must outlive it. So a resolver that is freed with lookups under way waits for the last of them,
 * and is freed by a turn of its own, when no frame of libevent's is on the stack.
 */
#include "net/resolve.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

enum {
	DRAIN_TURNS = 3, /* a cancelled lookup's callback, the resolver's end, and one to spare */
};

struct resolver {
	struct event_base *base;
	struct evdns_base *dns; /* NULL until the first name */
	size_t pending;
	bool closing;
};

struct lookup {
	struct resolver *resolver;
	struct evdns_getaddrinfo_request *request; /* NULL until the start has returned */
	lookup_done_fn done;                       /* NULL once cancelled */
	void *arg;
	bool finished; /* inside the start */
};

static void free_resolver(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *resolver = arg;

	(void)fd;
	(void)what;
	if (resolver->dns)
		evdns_base_free(resolver->dns, 0);
	free(resolver);
}

static void free_later(struct resolver *resolver)
{
	const struct timeval at_once = {0, 0};

	/* On failure memory is gone anyway, and leaking is the safe side. */
	(void)event_base_once(resolver->base, -1, EV_TIMEOUT, free_resolver, resolver, &at_once);
}

static size_t take_family(const struct evutil_addrinfo *list, int family, struct ls_ip *ret)
{
	size_t n = 0;

	for (const struct evutil_addrinfo *ai = list; ai && n < LOOKUP_ADDRESSES_MAX;
	     ai = ai->ai_next) {
		struct ls_endpoint ep;

		if (ai->ai_family == family && ls_endpoint_from_sockaddr(ai->ai_addr, &ep) == 0)
			ret[n++] = ep.ip;
	}
	return n;
}

/* Alternating, IPv6 first, so that a dead family costs one attempt (RFC 8305 4). */
static size_t interleave(const struct evutil_addrinfo *list, struct ls_ip *ret)
{
	struct ls_ip first[LOOKUP_ADDRESSES_MAX], second[LOOKUP_ADDRESSES_MAX];
	size_t n1 = take_family(list, AF_INET6, first);
	size_t n2 = take_family(list, AF_INET, second);
	size_t n = 0;

	for (size_t i = 0; i < n1 || i < n2; i++) {
		if (i < n1 && n < LOOKUP_ADDRESSES_MAX)
			ret[n++] = first[i];
		if (i < n2 && n < LOOKUP_ADDRESSES_MAX)
			ret[n++] = second[i];
	}
	return n;
}

static void on_addresses(int error, struct evutil_addrinfo *list, void *arg)
{
	struct lookup *lookup = arg;
	struct resolver *resolver = lookup->resolver;
	struct ls_ip addresses[LOOKUP_ADDRESSES_MAX];
	size_t n = interleave(list, addresses);

	if (list)
		evutil_freeaddrinfo(list);
	resolver->pending--;
	if (lookup->done)
		lookup->done(lookup->arg, addresses, n,
		             n > 0 ? NULL
		             : error == EVUTIL_EAI_NONAME || error == EVUTIL_EAI_NODATA
		                     ? "host name not found"
		                     : "host name does not resolve");
	if (resolver->closing && resolver->pending == 0)
		free_later(resolver);
	if (lookup->request)
		free(lookup);
	else
		lookup->finished = true; /* still inside net_resolver_start */
}

static int load_configuration(struct resolver *resolver)
{
	if (!resolver->dns)
		resolver->dns = evdns_base_new(resolver->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!resolver->dns)
		return -ENOMEM;
	(void)evdns_base_clear_nameservers_and_suspend(resolver->dns);
	evdns_base_clear_host_addresses(resolver->dns);
	evdns_base_search_clear(resolver->dns);
	/* Without a usable file libevent falls back to the name server on this host. */
	(void)evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	/* How long one family waits for the other; libevent's own is three seconds. */
	(void)evdns_base_set_option(resolver->dns, "getaddrinfo-allow-skew:", "0.2");
	(void)evdns_base_resume(resolver->dns);
	return 0;
}

static struct lookup *start_dns(struct resolver *resolver, const char *host, lookup_done_fn done,
                                void *arg)
{
	const struct evutil_addrinfo hints = {
	        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
	struct lookup *lookup = ls_new(struct lookup);

	*lookup = (struct lookup){.resolver = resolver, .done = done, .arg = arg};
	resolver->pending++;
	lookup->request =
	        evdns_getaddrinfo(resolver->dns, host, NULL, &hints, on_addresses, lookup);
	if (!lookup->finished)
		return lookup;
	free(lookup);
	return NULL;
}

struct resolver *net_resolver_new(struct event_base *base)
{
	struct resolver *resolver = ls_new(struct resolver);

	resolver->base = base;
	return resolver;
}

void net_resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	resolver->closing = true;
	if (resolver->pending == 0)
		free_resolver(-1, 0, resolver);
}

void net_resolver_drain(struct event_base *base)
{
	for (int i = 0; i < DRAIN_TURNS; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

struct lookup *net_resolver_start(struct resolver *resolver, const char *host, lookup_done_fn done,
                                  void *arg)
{
	struct ls_ip addresses[2];

	if (ls_ip_parse(host, &addresses[0]) == 0) {
		done(arg, addresses, 1, NULL);
		return NULL;
	}
	/* RFC 6761 6.3: never asked of a name server. */
	if (ls_streq(host, "localhost")) {
		if (ls_ip_parse("127.0.0.1", &addresses[0]) == 0 &&
		    ls_ip_parse("::1", &addresses[1]) == 0)
			done(arg, addresses, 2, NULL);
		return NULL;
	}
	if (load_configuration(resolver) < 0) {
		done(arg, NULL, 0, "out of memory");
		return NULL;
	}
	return start_dns(resolver, host, done, arg);
}

void net_lookup_cancel(struct lookup *lookup)
{
	if (!lookup)
		return;
	lookup->done = NULL;
	evdns_getaddrinfo_cancel(lookup->request);
}
