/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose change is on its way, over HTTP and a store whose commits end when the test says
 * so: others are served meanwhile, a client may leave, and so may the server. Client and server are
 * on one thread; the loop runs until what is awaited has come. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "server/api/server.h"
#include "server/api/service.h"
#include "server/http/httpd.h"
#include "server_null_store.h"

#define ADMIN "the-admin-token-of-this-test"

enum {
	PATIENCE_S = 20, /* for what must come */
	TURN_MS = 10,    /* the longest that a turn of the loop waits */
	CLIENTS = 2,
};

struct client {
	int fd;
	char received[16384];
	size_t len;
	bool ended; /* the server has closed */
};

struct fixture {
	struct event_base *base;
	struct event *turn;
	struct server_sockets sockets;
	struct sockaddr_in address;
	struct null_store store;
	struct server *server;
	struct client clients[CLIENTS];
};

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void listen_somewhere(struct fixture *f)
{
	socklen_t len = sizeof(f->address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	f->address = (struct sockaddr_in){.sin_family = AF_INET,
	                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)&f->address, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &len), 0);
	f->sockets.items[f->sockets.count++] = (struct server_socket){.fd = fd, .use = SOCKET_HTTP};
}

static int set_up(void **state)
{
	static const struct timeval turn = {.tv_usec = TURN_MS * 1000};
	struct fixture *f = calloc(1, sizeof(*f));
	struct server_config config = {.admin_token = ADMIN};
	struct ls_fail fail;

	assert_non_null(f);
	for (size_t i = 0; i < CLIENTS; i++)
		f->clients[i].fd = -1;
	f->base = event_base_new();
	f->turn = event_new(f->base, -1, EV_PERSIST, on_turn, NULL);
	assert_int_equal(event_add(f->turn, &turn), 0);
	null_store_init(&f->store);
	f->store.slow = true;
	listen_somewhere(f);
	config.sockets = &f->sockets;
	assert_int_equal(api_server_new(f->base, &config, &f->store.store, &f->server, &fail), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	api_server_free(f->server);
	for (size_t i = 0; i < CLIENTS; i++) {
		if (f->clients[i].fd >= 0)
			(void)close(f->clients[i].fd);
	}
	event_free(f->turn);
	event_base_free(f->base);
	free(f);
	return 0;
}

static struct client *ask(struct fixture *f, size_t i, const char *method, const char *path,
                          const char *body)
{
	struct client *client = &f->clients[i];
	char text[1024];
	int len = snprintf(text, sizeof(text),
	                   "%s %s HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer " ADMIN "\r\n"
	                   "Content-Length: %zu\r\n\r\n%s",
	                   method, path, strlen(body), body);

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	assert_int_equal(connect(client->fd, (struct sockaddr *)&f->address, sizeof(f->address)),
	                 0);
	assert_int_equal(send(client->fd, text, (size_t)len, MSG_NOSIGNAL), len);
	return client;
}

static struct client *create_network(struct fixture *f, size_t i)
{
	return ask(f, i, "POST", "/v1/networks", "{\"name\":\"net\"}");
}

/* Leaves without a word. */
static void leave(struct client *client)
{
	const struct linger reset = {.l_onoff = 1};

	assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	assert_int_equal(close(client->fd), 0);
	client->fd = -1;
}

static void turn(struct fixture *f)
{
	assert_true(event_base_loop(f->base, EVLOOP_ONCE) >= 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *c = &f->clients[i];
		ssize_t n = c->fd < 0 ? -1
		                      : recv(c->fd, c->received + c->len,
		                             sizeof(c->received) - 1 - c->len, MSG_DONTWAIT);

		c->ended = c->ended || n == 0;
		c->len += n > 0 ? (size_t)n : 0;
		c->received[c->len] = '\0';
	}
}

/* Turns the loop until the condition holds. */
#define UNTIL(f, condition)                                                                        \
	for (uint64_t end = ls_now_ns() + PATIENCE_S * LS_NS_PER_S; !(condition); turn(f))         \
	assert_true(ls_now_ns() < end)

static size_t count_networks(const struct fixture *f)
{
	size_t n = 0, cursor = 0;

	while (state_next_network(f->server->state, &cursor))
		n++;
	return n;
}

static void test_others_are_served_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct client *client = create_network(f, 0), *other;

	UNTIL(f, f->store.waiting_count == 1);
	other = ask(f, 1, "GET", "/v1/networks", "");
	UNTIL(f, strstr(other->received, "{\"networks\":[]}"));
	assert_int_equal(client->len, 0);
	null_store_end_next(&f->store, 0);
	UNTIL(f, strstr(client->received, "\"name\":\"net\""));
	assert_non_null(strstr(client->received, "HTTP/1.1 200 "));
	assert_int_equal(count_networks(f), 1);
}

static void test_failure_is_the_answer(void **state)
{
	struct fixture *f = *state;
	const struct client *client = create_network(f, 0);

	UNTIL(f, f->store.waiting_count == 1);
	null_store_end_next(&f->store, -ENOSPC);
	UNTIL(f, strstr(client->received, "storage is full; nothing was changed"));
	assert_non_null(strstr(client->received, "HTTP/1.1 500 "));
	assert_int_equal(count_networks(f), 0);
}

/* What the store has begun takes place, and its answer goes nowhere. */
static void test_client_leaves_too_late(void **state)
{
	struct fixture *f = *state;
	struct client *client = create_network(f, 0);

	f->store.at_work = true;
	UNTIL(f, f->store.waiting_count == 1);
	leave(client);
	UNTIL(f, httpd_in_flight(f->server->httpd) == 0);
	null_store_end_next(&f->store, 0);
	assert_int_equal(count_networks(f), 1);
	/* One that fails is no different. */
	client = create_network(f, 0);
	UNTIL(f, f->store.waiting_count == 1);
	leave(client);
	UNTIL(f, httpd_in_flight(f->server->httpd) == 0);
	null_store_end_next(&f->store, -EIO);
	assert_int_equal(count_networks(f), 1);
}

/* What nobody has begun is dropped, and the one behind it has its turn. */
static void test_client_leaves(void **state)
{
	struct fixture *f = *state;
	struct client *client = create_network(f, 0);
	const struct client *other;

	UNTIL(f, f->store.waiting_count == 1);
	other = create_network(f, 1);
	UNTIL(f, state_change_count(f->server->state) == 2);
	leave(client);
	UNTIL(f, f->store.withdrawn == 1);
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(f->server->counts.left, 1);
	null_store_end_next(&f->store, 0);
	UNTIL(f, strstr(other->received, "HTTP/1.1 200 "));
	assert_int_equal(count_networks(f), 1);
}

/* A client that has ended its sending half still gets the answer, if that comes soon. */
static void test_client_that_only_listens(void **state)
{
	struct fixture *f = *state;
	const struct client *client = create_network(f, 0);

	UNTIL(f, f->store.waiting_count == 1);
	assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
	for (int i = 0; i < 5; i++)
		turn(f);
	null_store_end_next(&f->store, 0);
	UNTIL(f, strstr(client->received, "HTTP/1.1 200 "));
	assert_int_equal(count_networks(f), 1);
	/* Otherwise it is not waited for. */
	client = create_network(f, 1);
	UNTIL(f, f->store.waiting_count == 1);
	assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
	UNTIL(f, strstr(client->received, "HTTP/1.1 503 "));
	assert_int_equal(f->store.withdrawn, 1);
	assert_int_equal(f->server->counts.left, 1);
}

/* A store that does nothing for too long. What it has not begun is taken back; of what it is
 * writing, nobody knows the end. */
static void test_store_that_hangs(void **state)
{
	struct fixture *f = *state;
	const struct client *first = create_network(f, 0), *second;

	UNTIL(f, f->store.waiting_count == 1);
	f->store.at_work = true;
	second = create_network(f, 1);
	UNTIL(f, strstr(second->received, "HTTP/1.1 503 "));
	assert_non_null(strstr(second->received, "Retry-After: "));
	assert_non_null(strstr(second->received, "the server's storage is too slow; nothing was "
	                                         "changed; try again later"));
	assert_int_equal(first->len, 0);
	UNTIL(f, strstr(first->received, "HTTP/1.1 503 "));
	assert_null(strstr(first->received, "Retry-After: "));
	assert_non_null(strstr(first->received, "nobody knows yet if this was done; look before "
	                                        "you repeat it"));
	assert_int_equal(f->server->counts.waited_too_long, 1);
	assert_int_equal(f->server->counts.unknown_end, 1);
	/* It was done. */
	null_store_end_next(&f->store, 0);
	assert_int_equal(count_networks(f), 1);
	assert_int_equal(f->store.waiting_count, 0);
}

/* A server that is stopped waits for what is on its way, and answers. */
static void test_stop_waits(void **state)
{
	struct fixture *f = *state;
	const struct client *client = create_network(f, 0);

	UNTIL(f, f->store.waiting_count == 1);
	api_server_stop(f->server);
	for (int i = 0; i < 5; i++) {
		turn(f);
		assert_false(event_base_got_break(f->base));
	}
	null_store_end_next(&f->store, 0);
	UNTIL(f, event_base_got_break(f->base));
	turn(f);
	assert_non_null(strstr(client->received, "HTTP/1.1 200 "));
}

/* One that ends at once still has written what the store has begun; what waits is dropped. */
static void test_end_with_changes_on_their_way(void **state)
{
	struct fixture *f = *state;

	f->store.at_work = true;
	(void)create_network(f, 0);
	(void)create_network(f, 1);
	UNTIL(f, httpd_in_flight(f->server->httpd) == 2);
	assert_int_equal(f->store.waiting_count, 1);
	api_server_free(f->server);
	f->server = NULL;
	assert_int_equal(f->store.waiting_count, 0);
	assert_int_equal(f->store.commits, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_others_are_served_meanwhile),
	        TEST(test_failure_is_the_answer),
	        TEST(test_client_leaves_too_late),
	        TEST(test_client_leaves),
	        TEST(test_client_that_only_listens),
	        TEST(test_store_that_hangs),
	        TEST(test_stop_waits),
	        TEST(test_end_with_changes_on_their_way),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	/* The failures here are meant. */
	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
