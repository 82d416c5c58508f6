/* SPDX-License-Identifier: Apache-2.0 */
#include "server/process/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "server/process/manager.h"

enum {
	BACKLOG = 4096
};

static void set_connection_options(int fd)
{
	const int on = 1;

	/* Accepted connections inherit these options from the listening socket. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int open_socket(const struct ls_endpoint *address, struct ls_fail *fail)
{
	struct sockaddr_storage storage;
	socklen_t len = ls_endpoint_to_sockaddr(address, &storage);
	char text[LS_ENDPOINT_TEXT];
	const int on = 1;
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)ls_endpoint_format(address, text);
	if (fd < 0)
		return ls_fail_set(fail, -errno, "cannot listen on %s: %s", text, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	set_connection_options(fd);
	/* [::] means IPv6 only, so that 0.0.0.0 can have a socket on the same port. */
	if (storage.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&storage, len) < 0 || listen(fd, BACKLOG) < 0) {
		int r = ls_fail_set(fail, -errno, "cannot listen on %s: %s", text, strerror(errno));

		(void)close(fd);
		return r;
	}
	return fd;
}

static int open_list(struct server_sockets *sockets, const struct listen_list *list,
                     enum socket_use use, struct ls_fail *fail)
{
	for (size_t i = 0; i < list->count; i++) {
		int fd = open_socket(&list->items[i], fail);

		if (fd < 0)
			return fd;
		sockets->items[sockets->count++] = (struct server_socket){.fd = fd, .use = use};
	}
	return 0;
}

/* The use that a passed socket's name asks for. */
static int use_of(const struct options *options, const char *name, enum socket_use listen_use,
                  enum socket_use *ret, struct ls_fail *fail)
{
	*ret = strcmp(name, "metrics") == 0 ? SOCKET_METRICS : listen_use;
	if (strcmp(name, "https") != 0)
		return 0;
	if (!options->tls_cert)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "the service manager passes a socket named https: that needs "
		                   "--tls-cert and --tls-key");
	*ret = SOCKET_HTTPS;
	return 0;
}

static int take_passed(const struct options *options, enum socket_use listen_use,
                       struct server_sockets *ret, struct ls_fail *fail)
{
	struct manager_socket passed[MANAGER_SOCKETS_MAX];
	size_t count = 0;
	int r = process_manager_sockets(passed, &count, fail);

	for (size_t i = 0; i < count; i++) {
		int flags = fcntl(passed[i].fd, F_GETFL);
		enum socket_use use = listen_use;

		if (r == 0)
			r = use_of(options, passed[i].name, listen_use, &use, fail);
		if (r == 0 && (flags < 0 || fcntl(passed[i].fd, F_SETFL, flags | O_NONBLOCK) < 0))
			r = ls_fail_set(fail, -errno, "cannot use a passed socket: %s",
			                strerror(errno));
		set_connection_options(passed[i].fd);
		ret->items[ret->count++] = (struct server_socket){.fd = passed[i].fd, .use = use};
	}
	return r;
}

static bool answers_api(const struct server_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		if (sockets->items[i].use != SOCKET_METRICS)
			return true;
	}
	return false;
}

/* True when a socket serves plain HTTP on an address that other hosts may reach; sets *ret. */
static bool serves_plain_http(const struct server_socket *sock, struct ls_endpoint *ret)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);

	return sock->use == SOCKET_HTTP &&
	       getsockname(sock->fd, (struct sockaddr *)&storage, &len) == 0 &&
	       ls_endpoint_from_sockaddr((struct sockaddr *)&storage, ret) == 0 &&
	       !ls_ip_is_loopback(&ret->ip);
}

/* A proxy on another host forwards plain HTTP to this one, so that is meant. */
static bool has_remote_proxy(const struct options *options)
{
	for (size_t i = 0; i < options->proxy_count; i++) {
		if (!ls_ip_is_loopback(&options->proxies[i].ip))
			return true;
	}
	return false;
}

/* Warns once, with the first address. */
static void warn_of_plain_http(const struct options *options, const struct server_sockets *sockets)
{
	struct ls_endpoint address;
	char text[LS_ENDPOINT_TEXT];
	size_t i = 0;

	while (i < sockets->count && !serves_plain_http(&sockets->items[i], &address))
		i++;
	if (i == sockets->count || has_remote_proxy(options))
		return;
	ls_warn("server.plain_http",
	        "address=%s error=\"anyone on the path can read the tokens; use --tls-cert and "
	        "--tls-key, or listen on 127.0.0.1 behind a proxy that speaks TLS\"",
	        ls_endpoint_format(&address, text));
}

int process_sockets_open(const struct options *options, struct server_sockets *ret,
                         struct ls_fail *fail)
{
	static const struct listen_list fallback = {
	        .items = {{.ip.family = LS_FAMILY_V4, .port = 8080}}, .count = 1};
	const struct listen_list *metrics = &options->metrics_listen;
	bool listen_is_tls = options->tls_cert && options->tls_listen.count == 0;
	enum socket_use listen_use = listen_is_tls ? SOCKET_HTTPS : SOCKET_HTTP;
	int r;

	*ret = (struct server_sockets){0};
	r = take_passed(options, listen_use, ret, fail);
	if (r == 0)
		r = open_list(ret, &options->listen, listen_use, fail);
	if (r == 0)
		r = open_list(ret, &options->tls_listen, SOCKET_HTTPS, fail);
	if (r == 0 && !answers_api(ret))
		r = open_list(ret, &fallback, listen_use, fail);
	if (r == 0)
		r = open_list(ret, metrics, SOCKET_METRICS, fail);
	if (r == 0)
		warn_of_plain_http(options, ret);
	return r;
}

void process_sockets_done(struct server_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		if (sockets->items[i].fd >= 0)
			(void)close(sockets->items[i].fd);
	}
	sockets->count = 0;
}
