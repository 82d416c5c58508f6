/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/uapi_io.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/mem.h"
#include "wg/uapi.h"

#define UAPI_FOLDER "/var/run/wireguard"

enum {
	CLIENTS_MAX = 16,
	BACKLOG = 64,
	READ_LEN = 4096,
	EVENTS_MAX = 8,
	LISTENER = CLIENTS_MAX, /* what epoll reports for the listening socket */
};

struct client {
	int fd;         /* -1: free */
	bool closing;   /* close it after the answer */
	uint64_t since; /* the number of clients that came before: the smallest is the oldest */
	struct uapi_parser parser;
	struct ls_buf out;
	size_t sent; /* bytes of `out` that were sent */
};

struct uapi_io {
	const struct uapi_ops *ops;
	void *user;
	int epoll_fd;
	int listen_fd;
	uint64_t accepted;
	struct client clients[CLIENTS_MAX];
	struct sockaddr_un address;
};

static uint32_t interface_index(const char *name)
{
	return if_nametoindex(name);
}

/* The buffer may contain keys. */
static void wipe_output(struct client *client)
{
	if (client->out.data)
		key_wipe(client->out.data, client->out.cap);
	ls_buf_done(&client->out);
	client->sent = 0;
}

static void drop_client(struct client *client)
{
	if (client->fd < 0)
		return;
	(void)close(client->fd);
	client->fd = -1;
	wipe_output(client);
	wg_uapi_parser_done(&client->parser);
}

/* A free place. When there is none, the place of the oldest client, which is dropped. */
static struct client *place_for_client(struct uapi_io *io)
{
	struct client *oldest = &io->clients[0];

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &io->clients[i];

		if (client->fd < 0)
			return client;
		if (client->since < oldest->since)
			oldest = client;
	}
	drop_client(oldest);
	return oldest;
}

static void accept_client(struct uapi_io *io)
{
	int fd = accept4(io->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct epoll_event event = {.events = EPOLLIN};
	struct client *client;

	if (fd < 0)
		return;
	client = place_for_client(io);
	assert(client->fd < 0);
	event.data.u64 = (uint64_t)(client - io->clients);
	if (epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		(void)close(fd);
		return;
	}
	*client = (struct client){.fd = fd, .since = io->accepted++};
	wg_uapi_parser_init(&client->parser, interface_index);
}

/* Allocates room for the whole text, so that growing the buffer leaves no copies of keys behind. */
static void reserve_output(struct ls_buf *out, const struct wg_config *config)
{
	size_t need = 512;

	for (size_t i = 0; i < config->peer_count; i++)
		need += 512 + config->peers[i].allowed_ip_count * (LS_PREFIX_TEXT + 16);
	if (out->len != 0)
		return;
	ls_buf_done(out);
	out->data = malloc(need);
	out->cap = out->data ? need : 0;
}

static void answer_get(struct uapi_io *io, struct client *client)
{
	struct wg_config config = {0};
	int r = io->ops->get(io->user, &config);

	if (r < 0) {
		wg_uapi_write_status(&client->out, r);
		return;
	}
	reserve_output(&client->out, &config);
	wg_uapi_write_device(&client->out, &config);
	wg_config_done(&config);
}

static void answer_request(struct uapi_io *io, struct client *client)
{
	struct uapi_parser *parser = &client->parser;

	if (parser->error != 0)
		wg_uapi_write_status(&client->out, parser->error);
	else if (parser->operation == UAPI_GET)
		answer_get(io, client);
	else
		wg_uapi_write_status(&client->out, io->ops->set(io->user, &parser->config));
	client->closing = parser->error == LS_ERROR_LIMIT || client->out.failed;
	wg_uapi_parser_reset(parser);
}

/* Reads and answers requests; false: the client is gone. */
static bool read_requests(struct uapi_io *io, struct client *client)
{
	char data[READ_LEN];
	ssize_t n = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);
	size_t at = 0;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	while (at < (size_t)n && !client->closing) {
		bool complete;

		at += wg_uapi_parser_feed(&client->parser, data + at, (size_t)n - at, &complete);
		if (complete)
			answer_request(io, client);
	}
	key_wipe(data, sizeof(data));
	return true;
}

/* Sends pending answers; false: the client is gone, or is to be closed now. */
static bool send_answers(struct client *client)
{
	while (client->sent < client->out.len) {
		ssize_t n = send(client->fd, client->out.data + client->sent,
		                 client->out.len - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		client->sent += (size_t)n;
	}
	wipe_output(client);
	return !client->closing;
}

/* Reads or writes, not both: reads nothing more from a client that does not read its answers. */
static void run_client(struct uapi_io *io, struct client *client)
{
	struct epoll_event event = {.events = EPOLLIN,
	                            .data.u64 = (uint64_t)(client - io->clients)};

	if (client->fd < 0)
		return;
	if ((client->out.len == 0 && !read_requests(io, client)) || !send_answers(client)) {
		drop_client(client);
		return;
	}
	if (client->out.len > 0)
		event.events = EPOLLOUT;
	if (epoll_ctl(io->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) < 0)
		drop_client(client);
}

/* True when a process listens on that path. */
static bool is_served(const struct sockaddr_un *address)
{
	LS_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	                   errno == EAGAIN);
}

static int open_listener(struct uapi_io *io, struct ls_fail *fail)
{
	const char *path = io->address.sun_path;
	struct stat st;
	int r = ls_file_make_parent(path, 0755, fail);

	if (r < 0)
		return r;
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode) || is_served(&io->address))
			return ls_fail_set(fail, -EBUSY,
			                   "%s is in use by another WireGuard interface; choose "
			                   "another interface name",
			                   path);
		(void)unlink(path);
	}
	io->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The file's mode at bind is the socket's mode: so the file is never open to others, even
	 * for a moment. */
	if (io->listen_fd < 0 || fchmod(io->listen_fd, 0600) < 0 ||
	    bind(io->listen_fd, (struct sockaddr *)&io->address, sizeof(io->address)) < 0 ||
	    listen(io->listen_fd, BACKLOG) < 0) {
		r = ls_fail_set(fail, -errno, "cannot listen on %s: %s", path, ls_strerror(-errno));
		if (io->listen_fd >= 0)
			(void)close(io->listen_fd);
		io->listen_fd = -1;
		return r;
	}
	return 0;
}

static int watch_listener(struct uapi_io *io, struct ls_fail *fail)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = LISTENER};

	io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (io->epoll_fd < 0 || epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, io->listen_fd, &event) < 0)
		return ls_fail_set(fail, -errno, "cannot watch %s: %s", io->address.sun_path,
		                   ls_strerror(-errno));
	return 0;
}

int dp_uapi_io_new(const char *interface, const struct uapi_ops *ops, void *user,
                   struct uapi_io **ret, struct ls_fail *fail)
{
	struct uapi_io *io = ls_new(struct uapi_io);
	int r;

	*io = (struct uapi_io){.ops = ops, .user = user, .epoll_fd = -1, .listen_fd = -1};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		io->clients[i].fd = -1;
	io->address.sun_family = AF_UNIX;
	(void)snprintf(io->address.sun_path, sizeof(io->address.sun_path), "%s/%s.sock",
	               UAPI_FOLDER, interface);
	r = open_listener(io, fail);
	if (r == 0)
		r = watch_listener(io, fail);
	if (r < 0) {
		dp_uapi_io_free(io);
		return r;
	}
	*ret = io;
	return 0;
}

void dp_uapi_io_free(struct uapi_io *io)
{
	if (!io)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		drop_client(&io->clients[i]);
	if (io->listen_fd >= 0) {
		(void)unlink(io->address.sun_path);
		(void)close(io->listen_fd);
	}
	if (io->epoll_fd >= 0)
		(void)close(io->epoll_fd);
	free(io);
}

int dp_uapi_io_fd(const struct uapi_io *io)
{
	return io->epoll_fd;
}

void dp_uapi_io_run(struct uapi_io *io)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(io->epoll_fd, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++) {
		assert(events[i].data.u64 <= LISTENER);
		if (events[i].data.u64 == LISTENER)
			accept_client(io);
		else
			run_client(io, &io->clients[events[i].data.u64]);
	}
}
