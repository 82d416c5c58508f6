/* SPDX-License-Identifier: Apache-2.0 */
/* c-ares answers a question for both families only when it has both answers. So a lookup asks one
 * question per family, on one channel, which lives as long as the lookup.
 *
 * The hosts file is asked first, for both families at once: when it has a name in one family only,
 * name servers must not be asked for the other. This question uses a channel without sockets,
 * because c-ares reads nsswitch.conf and knows whether the hosts file comes first. */
#include "net/resolve.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/list.h"
#include "base/mem.h"
#include "net/dns_channel.h"

enum {
	HOST_MAX = 256, /* with a final dot and NUL; DNS names have at most 253 bytes */
};

struct resolver {
	struct event_base *base;
	uint32_t mark;
	struct ls_list lookups;
};

struct question {
	struct lookup *lookup;
	int family;
	bool pending;
	bool retried; /* asked again without the search list */
	bool told;
	int status; /* c-ares's */
	struct ls_ip addresses[LOOKUP_ADDRESSES_MAX];
	size_t count;
	char *name; /* the name that has these addresses; with a search list it may differ from host
	             */
};

struct lookup {
	struct ls_list node;
	struct resolver *resolver;
	struct net_dns_channel *channel; /* NULL when no name server is asked */
	char host[HOST_MAX];
	struct question v6, v4;
	struct event *tell;  /* reports the addresses found: at once, or after the delay */
	struct event *limit; /* ends the lookup */
	bool ending;
	lookup_answer_fn done;
	void *arg;
};

static void schedule(struct event *event, unsigned ms)
{
	const struct timeval delay = {.tv_sec = (time_t)(ms / 1000),
	                              .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (event_add(event, &delay) < 0)
		abort(); /* a small fixed object: out of memory */
}

static void lookup_free(struct lookup *lookup)
{
	lookup->ending = true;
	net_dns_channel_free(lookup->channel);
	ls_list_remove(&lookup->node);
	event_free(lookup->tell);
	event_free(lookup->limit);
	free(lookup->v6.name);
	free(lookup->v4.name);
	free(lookup);
}

/* --- what is told --- */

static const char *explain(const struct lookup *lookup)
{
	/* When a name has no IPv4 address, the IPv6 question tells more. */
	int status = lookup->v4.status == ARES_ENODATA ? lookup->v6.status : lookup->v4.status;

	if (!lookup->channel || status == ARES_ENOMEM)
		return "out of memory";
	if (status == ARES_ENODATA || status == ARES_ENOTFOUND || status == ARES_EBADNAME)
		return "host name not found";
	if (status == ARES_ETIMEOUT)
		return "the name servers do not answer";
	if (net_dns_channel_heard(lookup->channel))
		return "the name servers answer with errors only";
	if (!net_dns_channel_has_server(lookup->channel))
		return "/etc/resolv.conf names no name server, and none runs on this host";
	return "no name server can be reached";
}

static void tell(struct lookup *lookup)
{
	struct ls_ip addresses[LOOKUP_ADDRESSES_MAX];
	struct question *v6 = &lookup->v6, *v4 = &lookup->v4;
	size_t n6 = v6->told ? 0 : v6->count, n4 = v4->told ? 0 : v4->count;
	struct lookup_answer answer = {.addresses = addresses,
	                               .last = !v6->pending && !v4->pending};
	lookup_answer_fn done = lookup->done;
	void *arg = lookup->arg;

	for (size_t i = 0; i < n6 || i < n4; i++) {
		if (i < n6 && answer.count < LOOKUP_ADDRESSES_MAX)
			addresses[answer.count++] = v6->addresses[i];
		if (i < n4 && answer.count < LOOKUP_ADDRESSES_MAX)
			addresses[answer.count++] = v4->addresses[i];
	}
	v6->told |= n6 > 0;
	v4->told |= n4 > 0;
	if (answer.last && !v6->told && !v4->told)
		answer.reason = explain(lookup);
	if (answer.last)
		lookup_free(lookup);
	done(arg, &answer);
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *lookup = arg;

	(void)fd;
	(void)what;
	if (lookup->v6.pending)
		lookup->v6.status = ARES_ETIMEOUT;
	if (lookup->v4.pending)
		lookup->v4.status = ARES_ETIMEOUT;
	lookup->v6.pending = lookup->v4.pending = false;
	tell(lookup);
}

/* --- questions --- */

static void take_addresses(const struct ares_addrinfo *found, struct question *question)
{
	for (const struct ares_addrinfo_node *it = found->nodes;
	     it && question->count < LOOKUP_ADDRESSES_MAX; it = it->ai_next) {
		struct ls_endpoint ep;

		if (it->ai_family == question->family &&
		    ls_endpoint_from_sockaddr(it->ai_addr, &ep) == 0)
			question->addresses[question->count++] = ep.ip;
	}
}

static void on_found(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct question *question = arg;
	struct lookup *lookup = question->lookup;
	const struct question *other = question == &lookup->v6 ? &lookup->v4 : &lookup->v6;

	/* Some versions report this when every server has refused at once. */
	if (status == ARES_ETIMEOUT && timeouts == 0)
		status = ARES_ECONNREFUSED;
	if (!lookup->ending) {
		question->pending = false;
		question->status = status;
	}
	if (!found)
		return;
	if (!lookup->ending)
		take_addresses(found, question);
	/* With a search list, the two families may find different names: the first one counts. */
	if (question->count > 0 && found->name)
		question->name = ls_strdup(found->name);
	if (question->name && other->name && strcasecmp(question->name, other->name) != 0)
		question->count = 0;
	ares_freeaddrinfo(found);
}

static void ask(struct lookup *lookup, struct question *question, const char *name)
{
	const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
	                                          .ai_family = question->family};

	question->pending = true;
	ares_getaddrinfo(net_dns_channel_ares(lookup->channel), name, NULL, &hints, on_found,
	                 question);
}

/* c-ares gives up when the server fails for one name of the search list; the C library goes on to
 * the name itself. This does the same. */
static void ask_without_search(struct lookup *lookup, struct question *question)
{
	char name[HOST_MAX + 1];

	if (question->pending || question->retried || question->count > 0 ||
	    !strchr(lookup->host, '.') || !net_dns_channel_heard(lookup->channel) ||
	    (question->status != ARES_ECONNREFUSED && question->status != ARES_ESERVFAIL &&
	     question->status != ARES_EREFUSED && question->status != ARES_ENOTIMP))
		return;
	question->retried = true;
	(void)snprintf(name, sizeof(name), "%s.", lookup->host);
	ask(lookup, question, name);
}

static void on_turned(void *arg)
{
	struct lookup *lookup = arg;
	bool found;

	ask_without_search(lookup, &lookup->v6);
	ask_without_search(lookup, &lookup->v4);
	net_dns_channel_wait(lookup->channel);
	found = (lookup->v6.count > 0 && !lookup->v6.told) ||
	        (lookup->v4.count > 0 && !lookup->v4.told);
	if (!lookup->v6.pending && !lookup->v4.pending)
		tell(lookup);
	else if (found && !event_pending(lookup->tell, EV_TIMEOUT, NULL))
		schedule(lookup->tell, LOOKUP_DELAY_MS);
}

/* --- what needs no name server --- */

static void on_host(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct lookup *lookup = arg;

	(void)status;
	(void)timeouts;
	if (!found)
		return;
	take_addresses(found, &lookup->v6);
	take_addresses(found, &lookup->v4);
	ares_freeaddrinfo(found);
}

static bool ask_hosts_file(struct lookup *lookup)
{
	const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
	                                          .ai_family = AF_UNSPEC};
	struct net_dns_channel *channel = net_dns_channel_new(NULL, 0, NULL, NULL);

	if (!channel)
		return false;
	ares_getaddrinfo(net_dns_channel_ares(channel), lookup->host, NULL, &hints, on_host,
	                 lookup);
	net_dns_channel_free(channel);
	return lookup->v6.count > 0 || lookup->v4.count > 0;
}

static void add_address(struct lookup *lookup, const char *text)
{
	struct ls_ip ip;
	struct question *question;

	if (ls_ip_parse(text, &ip) < 0)
		return;
	question = ip.family == LS_FAMILY_V6 ? &lookup->v6 : &lookup->v4;
	question->addresses[question->count++] = ip;
}

/* RFC 6761 6.3: name servers are never asked for these names. */
static bool is_localhost(const char *host)
{
	static const char suffix[] = ".localhost";
	size_t len = strlen(host), suffix_len = sizeof(suffix) - 1;

	return strcasecmp(host, suffix + 1) == 0 ||
	       (len > suffix_len && strcasecmp(host + len - suffix_len, suffix) == 0);
}

static bool is_known(struct lookup *lookup)
{
	add_address(lookup, lookup->host);
	if (is_localhost(lookup->host)) {
		add_address(lookup, "::1");
		add_address(lookup, "127.0.0.1");
	}
	return lookup->v6.count > 0 || lookup->v4.count > 0 || ask_hosts_file(lookup);
}

/* --- lookups --- */

struct lookup *net_resolver_start(struct resolver *resolver, const char *host,
                                  lookup_answer_fn done, void *arg)
{
	struct lookup *lookup = ls_new(struct lookup);

	lookup->resolver = resolver;
	lookup->v6 = (struct question){.lookup = lookup, .family = AF_INET6};
	lookup->v4 = (struct question){.lookup = lookup, .family = AF_INET};
	lookup->done = done;
	lookup->arg = arg;
	assert(strlen(host) < sizeof(lookup->host) - 1);
	(void)snprintf(lookup->host, sizeof(lookup->host), "%s", host);
	lookup->tell = event_new(resolver->base, -1, 0, on_tell, lookup);
	lookup->limit = event_new(resolver->base, -1, 0, on_limit, lookup);
	if (!lookup->tell || !lookup->limit)
		abort(); /* small fixed objects: out of memory */
	ls_list_append(&resolver->lookups, &lookup->node);
	if (!is_known(lookup))
		lookup->channel =
		        net_dns_channel_new(resolver->base, resolver->mark, on_turned, lookup);
	if (lookup->channel) {
		schedule(lookup->limit, LOOKUP_TIMEOUT_MS);
		ask(lookup, &lookup->v6, lookup->host);
		ask(lookup, &lookup->v4, lookup->host);
		net_dns_channel_wait(lookup->channel);
	}
	if (!lookup->v6.pending && !lookup->v4.pending)
		schedule(lookup->tell, 0);
	return lookup;
}

void net_lookup_cancel(struct lookup *lookup)
{
	if (lookup)
		lookup_free(lookup);
}

struct resolver *net_resolver_new(struct event_base *base, uint32_t mark)
{
	struct resolver *resolver = ls_new(struct resolver);

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		abort(); /* out of memory is the only failure */
	resolver->base = base;
	resolver->mark = mark;
	ls_list_init(&resolver->lookups);
	return resolver;
}

void net_resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &resolver->lookups) {
		lookup_free(LS_CONTAINER(it, struct lookup, node));
	}
	ares_library_cleanup();
	free(resolver);
}
