/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, name lookups and the clock for nat/stun_query. There is one socket for each family, both
 * on the same port, as a tunnel has them. Every wake-up ends in pump(), which sends due requests
 * and ends the loop when the query is settled. */
#include "net/stun_io.h"

#include <errno.h>
#include <event2/event.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "nat/stun_query.h"
#include "net/resolve.h"
#include "net/udp_port.h"
#include "proto/names.h"

_Static_assert(STUN_QUERY_MAX >= 2 * LIMIT_SERVERS, "each server fits, on both families");

enum {
	DATAGRAM_MAX = 2048, /* longer than any answer; a truncated one does not decode */
	RECEIVE_MAX = 64,    /* most datagrams per wake-up */
};

struct asking;

struct name {
	struct asking *asking;
	size_t index; /* of the server in the list */
	uint16_t port;
	struct lookup *lookup; /* NULL once all of its addresses are known */
	bool asked[2];         /* IPv4, IPv6: an address of the family is in the query */
	const char *reason; /* why the server has no address; NULL: it has one, or not known yet */
};

struct family {
	struct asking *asking;
	int fd; /* -1: this host does not support the family */
	struct event *readable;
};

struct asking {
	const struct stun_ask *ask;
	struct event_base *base;
	struct event *timer;
	struct resolver *resolver;
	struct name names[LIMIT_SERVERS];
	struct family families[2]; /* IPv4, IPv6 */
	struct stun_query query;
	bool settled;
	uint64_t now_ns; /* time of the last wake-up */
};

static struct family *family_of(struct asking *asking, enum ls_family family)
{
	return &asking->families[family == LS_FAMILY_V4 ? 0 : 1];
}

/* A lack of buffers counts as a lost packet: the request is repeated anyway. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
}

static void send_request(struct asking *asking, struct stun_server *server,
                         const uint8_t request[static STUN_REQUEST_LEN])
{
	struct sockaddr_storage sa;
	socklen_t len = ls_endpoint_to_sockaddr(&server->address, &sa);
	int fd = family_of(asking, server->address.ip.family)->fd;

	if (fd < 0)
		stun_query_unsendable(server, EAFNOSUPPORT);
	else if (sendto(fd, request, STUN_REQUEST_LEN, 0, (struct sockaddr *)&sa, len) < 0 &&
	         !is_passing(errno))
		stun_query_unsendable(server, errno);
}

static bool has_pending_names(const struct asking *asking)
{
	for (size_t i = 0; i < asking->ask->servers.count; i++) {
		if (asking->names[i].lookup)
			return true;
	}
	return false;
}

static void pump(struct asking *asking, uint64_t now_ns)
{
	uint8_t request[STUN_REQUEST_LEN];
	struct stun_server *server;
	struct timeval delay;
	uint64_t left_us;

	asking->now_ns = now_ns;
	while ((server = stun_query_next(&asking->query, now_ns, request)))
		send_request(asking, server, request);
	asking->settled = stun_query_settled(&asking->query, has_pending_names(asking), now_ns);
	if (asking->settled) {
		(void)event_base_loopbreak(asking->base);
		return;
	}
	/* Round up: a timer that fires too early would find nothing to do. */
	left_us = (stun_query_deadline(&asking->query, now_ns) - now_ns) / LS_NS_PER_US + 1;
	delay = (struct timeval){.tv_sec = (time_t)(left_us / 1000000),
	                         .tv_usec = (suseconds_t)(left_us % 1000000)};
	if (event_add(asking->timer, &delay) < 0)
		abort(); /* a small fixed object: out of memory */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg, ls_now_ns());
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct asking *asking = ((struct family *)arg)->asking;
	uint64_t now_ns = ls_now_ns();

	(void)what;
	for (int i = 0; i < RECEIVE_MAX; i++) {
		struct sockaddr_storage sa;
		socklen_t sa_len = sizeof(sa);
		uint8_t data[DATAGRAM_MAX];
		ssize_t len =
		        recvfrom((int)fd, data, sizeof(data), 0, (struct sockaddr *)&sa, &sa_len);
		struct ls_endpoint from;

		if (len < 0)
			break;
		if (ls_endpoint_from_sockaddr((struct sockaddr *)&sa, &from) == 0)
			(void)stun_query_receive(&asking->query, &from, data, (size_t)len, now_ns);
	}
	pump(asking, now_ns);
}

/* Uses only the first address of each family: a server's others are usually the same machine. */
static void add_addresses(struct name *name, const struct ls_ip *addresses, size_t count,
                          uint64_t now_ns)
{
	for (size_t i = 0; i < count; i++) {
		bool *asked = &name->asked[addresses[i].family == LS_FAMILY_V4 ? 0 : 1];
		struct ls_endpoint address = {.ip = addresses[i], .port = name->port};
		struct stun_transaction transaction;

		if (*asked)
			continue;
		*asked = true;
		randombytes_buf(&transaction, sizeof(transaction));
		/* There is room, as the assertion at the top says. */
		(void)stun_query_add(&name->asking->query, &address, (unsigned)name->index,
		                     &transaction, now_ns);
	}
}

static void on_addresses(void *arg, const struct lookup_answer *answer)
{
	struct name *name = arg;
	uint64_t now_ns = ls_now_ns();

	if (answer->last)
		name->lookup = NULL;
	name->reason = answer->reason;
	add_addresses(name, answer->addresses, answer->count, now_ns);
	pump(name->asking, now_ns);
}

/* Splits "host:port". Returns NULL or what is wrong. */
static const char *split(const char *text, char host[static LIMIT_DNS_NAME_LEN + 1], uint16_t *ret)
{
	const char *colon = strrchr(text, ':');
	struct ls_fail why;
	uint64_t port;

	if (proto_name_check_host_port(text, "it", &why) < 0 || !colon ||
	    ls_parse_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
		return "not host:port";
	(void)snprintf(host, LIMIT_DNS_NAME_LEN + 1, "%.*s", (int)(colon - text), text);
	*ret = (uint16_t)port;
	return NULL;
}

static void start_name(struct asking *asking, size_t i)
{
	const char *text = asking->ask->servers.items[i];
	struct name *name = &asking->names[i];
	char host[LIMIT_DNS_NAME_LEN + 1];
	struct ls_endpoint address;
	struct stun_transaction transaction;

	*name = (struct name){.asking = asking, .index = i};
	if (ls_endpoint_parse(text, &address) == 0) {
		randombytes_buf(&transaction, sizeof(transaction));
		(void)stun_query_add(&asking->query, &address, (unsigned)i, &transaction,
		                     ls_now_ns());
		return;
	}
	name->reason = split(text, host, &name->port);
	if (name->reason)
		return;
	name->lookup = net_resolver_start(asking->resolver, host, on_addresses, name);
}

static int open_sockets(struct asking *asking, uint16_t *ret_port, struct ls_fail *fail)
{
	uint16_t wanted = asking->ask->local_port;
	int fds[2];
	int r = net_udp_port_open(wanted, fds, ret_port);

	if (r < 0)
		return ls_fail_set(fail, r, "cannot use UDP port %u: %s", wanted, ls_strerror(r));
	for (size_t i = 0; i < 2; i++) {
		struct family *family = &asking->families[i];

		family->asking = asking;
		family->fd = fds[i];
		if (fds[i] < 0)
			continue;
		family->readable =
		        event_new(asking->base, fds[i], EV_READ | EV_PERSIST, on_readable, family);
		if (!family->readable || event_add(family->readable, NULL) < 0)
			abort(); /* a small fixed object: out of memory */
	}
	return 0;
}

/* Explains why a server gave no answer; "" when nothing is known. */
static void explain(const struct asking *asking, size_t i, char ret[static STUN_FAILURE_TEXT])
{
	const struct name *name = &asking->names[i];
	const struct stun_server *worst = NULL;

	if (name->reason)
		(void)snprintf(ret, STUN_FAILURE_TEXT, "%s", name->reason);
	else if (name->lookup && asking->now_ns >= asking->query.end_ns)
		(void)snprintf(ret, STUN_FAILURE_TEXT, "host name does not resolve within %u s",
		               asking->ask->timeout_s);
	for (size_t k = 0; k < asking->query.count; k++) {
		const struct stun_server *server = &asking->query.servers[k];

		if (server->tag != i)
			continue;
		if (server->state == STUN_ANSWERED || server->state == STUN_WAITING)
			return;
		/* The other family's failure tells more than a family that this host lacks. */
		if (!worst || worst->state == STUN_UNREACHABLE)
			worst = server;
	}
	if (!worst)
		return;
	if (worst->state == STUN_UNREACHABLE)
		(void)snprintf(ret, STUN_FAILURE_TEXT, "cannot be asked: %s",
		               ls_strerror(-worst->error_code));
	else if (worst->state == STUN_SILENT)
		(void)snprintf(ret, STUN_FAILURE_TEXT, "no answer within %u s",
		               asking->ask->timeout_s);
	else if (worst->error_code != 0)
		(void)snprintf(ret, STUN_FAILURE_TEXT, "answered with error %d", worst->error_code);
	else
		(void)snprintf(ret, STUN_FAILURE_TEXT, "answered without a usable address");
}

static void add_learned(const struct stun_query *query, enum ls_family family, bool differing,
                        struct stun_report *report)
{
	struct stun_result result;
	struct stun_learned *learned = &report->learned[report->learned_count];

	if (!stun_query_result(query, family, &result) || differing != (result.other != NULL))
		return;
	*learned = (struct stun_learned){
	        .endpoint = result.server->mapped,
	        .server = result.server->tag,
	        .differs = differing,
	};
	if (differing) {
		learned->other = result.other->tag;
		learned->other_endpoint = result.other->mapped;
	}
	report->learned_count++;
}

static void report(const struct asking *asking, struct stun_report *ret)
{
	/* Peers try them in this order, so doubtful ones come last. */
	for (int differing = 0; differing < 2; differing++) {
		add_learned(&asking->query, LS_FAMILY_V4, differing, ret);
		add_learned(&asking->query, LS_FAMILY_V6, differing, ret);
	}
	for (size_t i = 0; i < asking->ask->servers.count; i++)
		explain(asking, i, ret->failures[i]);
}

static void asking_free(struct asking *asking)
{
	for (size_t i = 0; i < asking->ask->servers.count; i++)
		net_lookup_cancel(asking->names[i].lookup);
	net_resolver_free(asking->resolver);
	for (size_t i = 0; i < 2; i++) {
		if (asking->families[i].readable)
			event_free(asking->families[i].readable);
		if (asking->families[i].fd >= 0)
			(void)close(asking->families[i].fd);
	}
	event_free(asking->timer);
	event_base_free(asking->base);
	free(asking);
}

static struct asking *asking_new(const struct stun_ask *ask)
{
	struct asking *asking = ls_new(struct asking);

	asking->ask = ask;
	asking->base = event_base_new();
	if (asking->base)
		asking->timer = event_new(asking->base, -1, 0, on_timer, asking);
	if (!asking->timer)
		abort(); /* a small fixed object: out of memory */
	asking->resolver = net_resolver_new(asking->base, 0);
	asking->families[0].fd = asking->families[1].fd = -1;
	return asking;
}

int net_stun_ask(const struct stun_ask *ask, struct stun_report *ret, struct ls_fail *fail)
{
	struct stun_report made = {0};
	struct asking *asking = asking_new(ask);
	uint64_t now_ns = ls_now_ns();
	int r = open_sockets(asking, &made.local_port, fail);

	if (r == 0) {
		stun_query_init(&asking->query, now_ns + ask->timeout_s * LS_NS_PER_S);
		for (size_t i = 0; i < ask->servers.count; i++)
			start_name(asking, i);
		pump(asking, ls_now_ns());
		if (!asking->settled)
			(void)event_base_dispatch(asking->base);
		report(asking, &made);
		*ret = made;
	}
	asking_free(asking);
	return r;
}
