/* SPDX-License-Identifier: Apache-2.0 */
/* c-ares calls the five socket functions below instead of the system's. So its sockets have the
 * same flags as all our sockets and carry the mark from the first packet on; and it can reach a
 * name server with a zone, which not every version of c-ares can. */
#include "net/dns_channel.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "net/resolv_conf.h"
#include "net/socket.h"
#include "wire/ip.h"

#define RESOLV_CONF "/etc/resolv.conf"

enum {
	/* How long to wait for a name server before asking the next one; after the last, the first
	 * is asked again. c-ares doubles the time with each round, so that a slow server gets
	 * enough time in the end. A dead server costs one second, not the five of the C library. */
	TRY_MS = 1000,
	TRIES = 3, /* for each server; with several servers, the lookup's own limit comes first */
};

struct net_dns_channel {
	ares_channel ares;
	struct event_base *base; /* NULL: no sockets */
	struct event *timer;     /* NULL without base */
	struct ls_list watches;
	struct net_resolv_conf conf;
	uint32_t mark;
	bool heard;
	net_dns_turned_fn turned;
	void *arg;
};

/* A socket of c-ares and the event for it. */
struct watch {
	struct ls_list node;
	struct net_dns_channel *channel;
	struct event *event;
	ares_socket_t fd;
};

/* --- sockets --- */

static ares_socket_t open_socket(int family, int type, int protocol, void *arg)
{
	const struct net_dns_channel *channel = arg;
	const int on = 1;
	int fd = channel->base ? net_socket_open(family, type, channel->mark) : -ENETDOWN;

	(void)protocol;
	if (fd < 0) {
		errno = -fd;
		return ARES_SOCKET_BAD;
	}
	/* Both questions use one connection, and each is one small write. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int close_socket(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *sa, ares_socklen_t len,
                          void *arg)
{
	const struct net_dns_channel *channel = arg;
	struct ls_endpoint server;
	struct sockaddr_storage zoned;

	if (ls_endpoint_from_sockaddr(sa, &server) < 0 || server.ip.family != LS_FAMILY_V6 ||
	    server.scope_id != 0)
		return connect(fd, sa, len);
	server.scope_id = net_resolv_conf_zone(&channel->conf, &server.ip);
	len = ls_endpoint_to_sockaddr(&server, &zoned);
	return connect(fd, (struct sockaddr *)&zoned, len);
}

/* NOLINTNEXTLINE(readability-function-size): c-ares defines the parameters */
static ares_ssize_t receive(ares_socket_t fd, void *data, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *from_len, void *arg)
{
	struct net_dns_channel *channel = arg;
	ssize_t n = recvfrom(fd, data, size, flags, from, from_len);

	channel->heard |= n > 0;
	return n;
}

/* If an earlier datagram was refused, the kernel reports that for this one. c-ares would then fail
 * only this query, and the other family's query would wait for its timeout. So send again: this
 * datagram is refused, too, and c-ares reads that error as a failure of all queries of the
 * socket. */
static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts, int count, void *arg)
{
	struct msghdr message = {0};
	ssize_t n;

	(void)arg;
	/* sendmsg only reads them; the member is not const because of recvmsg. */
	memcpy(&message.msg_iov, &parts, sizeof(message.msg_iov));
	message.msg_iovlen = (size_t)count;
	n = sendmsg(fd, &message, MSG_NOSIGNAL);
	if (n < 0 && errno == ECONNREFUSED)
		n = sendmsg(fd, &message, MSG_NOSIGNAL);
	return n;
}

static const struct ares_socket_functions socket_functions = {
        .asocket = open_socket,
        .aclose = close_socket,
        .aconnect = connect_socket,
        .arecvfrom = receive,
        .asendv = send_parts,
};

/* --- readiness and time --- */

static void watch_free(struct watch *watch)
{
	ls_list_remove(&watch->node);
	if (watch->event)
		event_free(watch->event);
	free(watch);
}

void net_dns_channel_wait(struct net_dns_channel *channel)
{
	struct timeval left;

	if (!channel->timer)
		return;
	if (!ares_timeout(channel->ares, NULL, &left))
		(void)event_del(channel->timer);
	else if (event_add(channel->timer, &left) < 0)
		abort(); /* a small fixed object: out of memory */
}

static void turn(struct net_dns_channel *channel, ares_socket_t readable, ares_socket_t writable)
{
	ares_process_fd(channel->ares, readable, writable);
	channel->turned(channel->arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	const struct watch *watch = arg;

	turn(watch->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	     what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static struct watch *find_watch(struct net_dns_channel *channel, ares_socket_t fd)
{
	LS_LIST_EACH (it, &channel->watches) {
		struct watch *watch = LS_CONTAINER(it, struct watch, node);

		if (watch->fd == fd)
			return watch;
	}
	return NULL;
}

static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct net_dns_channel *channel = arg;
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	struct watch *watch = find_watch(channel, fd);

	if (watch && what == 0) {
		watch_free(watch);
		return;
	}
	if (what == 0)
		return;
	if (!watch) {
		watch = ls_new(struct watch);
		watch->channel = channel;
		watch->fd = fd;
		ls_list_append(&channel->watches, &watch->node);
	}
	if (watch->event)
		event_free(watch->event);
	watch->event = event_new(channel->base, fd, (short)(what | EV_PERSIST), on_socket, watch);
	if (!watch->event || event_add(watch->event, NULL) < 0)
		abort(); /* a small fixed object: out of memory */
}

/* --- the channel --- */

static int set_servers(struct net_dns_channel *channel)
{
	struct ares_addr_port_node nodes[NET_RESOLV_CONF_SERVERS_MAX] = {0};
	const struct net_resolv_conf *conf = &channel->conf;

	if (!conf->has_zone)
		return ARES_SUCCESS;
	for (size_t i = 0; i < conf->server_count; i++) {
		const struct ls_ip *ip = &conf->servers[i].ip;

		nodes[i].family = ip->family == LS_FAMILY_V4 ? AF_INET : AF_INET6;
		memcpy(&nodes[i].addr, ip->b, ls_ip_len(ip));
		nodes[i].next = i + 1 < conf->server_count ? &nodes[i + 1] : NULL;
	}
	return ares_set_servers_ports(channel->ares, nodes);
}

static int open_ares(struct net_dns_channel *channel)
{
	struct ares_options options = {.timeout = TRY_MS,
	                               .tries = TRIES,
	                               .sock_state_cb = on_state,
	                               .sock_state_cb_data = channel};
	int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
	int status;

	if (channel->conf.use_vc) {
		options.flags = ARES_FLAG_USEVC;
		given |= ARES_OPT_FLAGS;
	}
	status = ares_init_options(&channel->ares, &options, given);
	if (status != ARES_SUCCESS)
		return status;
	ares_set_socket_functions(channel->ares, &socket_functions, channel);
	return set_servers(channel);
}

struct net_dns_channel *net_dns_channel_new(struct event_base *base, uint32_t mark,
                                            net_dns_turned_fn turned, void *arg)
{
	struct net_dns_channel *channel = ls_new(struct net_dns_channel);

	channel->base = base;
	channel->mark = mark;
	channel->turned = turned;
	channel->arg = arg;
	ls_list_init(&channel->watches);
	net_resolv_conf_read(RESOLV_CONF, &channel->conf);
	if (base) {
		channel->timer = event_new(base, -1, 0, on_timer, channel);
		if (!channel->timer)
			abort(); /* a small fixed object: out of memory */
	}
	if (open_ares(channel) == ARES_SUCCESS)
		return channel;
	net_dns_channel_free(channel);
	return NULL;
}

void net_dns_channel_free(struct net_dns_channel *channel)
{
	if (!channel)
		return;
	if (channel->ares)
		ares_destroy(channel->ares);
	LS_LIST_EACH_SAFE (it, tmp, &channel->watches) {
		watch_free(LS_CONTAINER(it, struct watch, node));
	}
	if (channel->timer)
		event_free(channel->timer);
	free(channel);
}

ares_channel net_dns_channel_ares(const struct net_dns_channel *channel)
{
	return channel->ares;
}

bool net_dns_channel_heard(const struct net_dns_channel *channel)
{
	return channel->heard;
}

bool net_dns_channel_has_server(const struct net_dns_channel *channel)
{
	return channel->conf.server_count > 0;
}
