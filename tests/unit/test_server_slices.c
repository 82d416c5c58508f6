/* SPDX-License-Identifier: Apache-2.0 */
/* A change that ends many long-polls does not keep other requests waiting: the polls are answered
 * in slices of time. The clock of the process moves as the test says. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
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
#include "server_changes.h"
#include "server_null_store.h"

#define ADMIN "the-admin-token-of-this-test"

enum {
	NOW = 1700000000,
	POLLS = 200,
	TURNS_MAX = 10000,
	SLICE_MS = 5,
};

static uint64_t clock_ns = LS_NS_PER_S, step_ns;

/* Takes the place of ls_now_ns() (tests/unit/meson.build). Each look at the clock costs a step. */
/* NOLINTBEGIN(cert-dcl37-c,cert-dcl51-cpp,bugprone-reserved-identifier): the linker's --wrap names
 * it */
uint64_t __wrap_ls_now_ns(void);
uint64_t __wrap_ls_now_ns(void)
{
	clock_ns += step_ns;
	return clock_ns;
}
/* NOLINTEND(cert-dcl37-c,cert-dcl51-cpp,bugprone-reserved-identifier) */

struct world {
	struct event_base *base;
	struct server_sockets sockets;
	struct sockaddr_in address;
	struct null_store store;
	struct server *server;
	struct node *node;
	int polls[POLLS];
};

static void turn(struct world *w)
{
	assert_true(event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

static int ask(const struct world *w, const char *path)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[512];
	int len = snprintf(text, sizeof(text),
	                   "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " ADMIN "\r\n\r\n",
	                   path);

	assert_int_equal(connect(fd, (const struct sockaddr *)&w->address, sizeof(w->address)), 0);
	assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
	return fd;
}

static void change(struct world *w, const char *name)
{
	const struct node_update update = {.name = name};
	const struct origin origin = {.now = NOW};
	struct ended ended;

	assert_int_equal(
	        CHANGE(&ended, state_node_update, w->server->state, w->node, &update, &origin), 0);
}

static void make_node(struct world *w)
{
	const struct network_create network = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 10};
	struct register_request join = {.node_name = "n"};
	const struct origin origin = {.now = NOW};
	struct server_state *state = w->server->state;
	struct ended ended;
	char secret[SECRET_TEXT];

	assert_int_equal(CHANGE(&ended, state_network_create, state, &network, &origin), 0);
	memcpy(secret, ended.secrets.enrolment_token, sizeof(secret));
	join.token = secret;
	assert_int_equal(CHANGE(&ended, state_register, state, &join, &origin), 0);
	w->node = ended.node;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct server_config config = {.admin_token = ADMIN};
	socklen_t len = sizeof(w->address);
	char path[256];
	struct ls_fail fail;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_non_null(w);
	step_ns = 0;
	w->base = event_base_new();
	w->address = (struct sockaddr_in){.sin_family = AF_INET,
	                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)&w->address, len), 0);
	assert_int_equal(listen(fd, POLLS), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&w->address, &len), 0);
	w->sockets.items[w->sockets.count++] = (struct server_socket){.fd = fd, .use = SOCKET_HTTP};
	config.sockets = &w->sockets;
	null_store_init(&w->store);
	assert_int_equal(api_server_new(w->base, &config, &w->store.store, &w->server, &fail), 0);
	make_node(w);
	(void)snprintf(path, sizeof(path), "/v1/netmap/%s/longpoll?since=%" PRIu64, w->node->id,
	               w->node->network->revision);
	for (size_t i = 0; i < POLLS; i++)
		w->polls[i] = ask(w, path);
	for (unsigned i = 0; w->server->counts.waiting < POLLS; i++) {
		assert_true(i < TURNS_MAX);
		turn(w);
	}
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < POLLS; i++)
		(void)close(w->polls[i]);
	api_server_free(w->server);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void slow_polls_leave_room_for_others(void **state)
{
	struct world *w = *state;
	int other = ask(w, "/healthz");
	size_t turns = 0, at_once = 0;
	char answer[512];
	bool answered = false;

	step_ns = LS_NS_PER_MS; /* each poll costs one at least */
	change(w, "slow");
	for (; w->server->counts.waiting > 0; turns++) {
		size_t before = w->server->counts.waiting;

		assert_true(turns < TURNS_MAX);
		turn(w);
		if (before - w->server->counts.waiting > at_once)
			at_once = before - w->server->counts.waiting;
		if (!answered && recv(other, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
			answered = true;
			assert_true(w->server->counts.waiting > POLLS / 2);
		}
	}
	assert_true(answered);
	assert_in_range(at_once, 1, SLICE_MS);
	assert_true(turns >= POLLS / SLICE_MS);
	(void)close(other);
}

static void quick_polls_are_answered_at_once(void **state)
{
	struct world *w = *state;

	change(w, "quick");
	for (unsigned i = 0; w->server->counts.waiting == POLLS; i++) {
		assert_true(i < TURNS_MAX);
		turn(w);
	}
	assert_int_equal(w->server->counts.waiting, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(slow_polls_leave_room_for_others),
	        TEST(quick_polls_are_answered_at_once),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
