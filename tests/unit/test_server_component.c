/* SPDX-License-Identifier: Apache-2.0 */
/* Components on the main loop and on threads. Each function of a component writes one letter into a
 * pipe, which the test reads; a capital letter names its component. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/process/component.h"
#include "server/process/thread.h"

static int letters[2];
static pthread_t main_thread;

struct part {
	char name; /* 'A', 'B', .. */
	struct event_base *base;
	struct event *soon;
	struct server_sockets *sockets;
};

static void say(char what, const struct part *part)
{
	const char text[2] = {what, part->name};

	assert_int_equal(write(letters[1], text, sizeof(text)), sizeof(text));
}

static void heard(const char *expected)
{
	char text[3] = "";

	assert_int_equal(read(letters[0], text, 2), 2);
	assert_string_equal(text, expected);
}

static void heard_nothing_more(void)
{
	char text;

	assert_int_equal(fcntl(letters[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(read(letters[0], &text, 1) < 0 && errno == EAGAIN);
	assert_int_equal(fcntl(letters[0], F_SETFL, 0), 0);
}

static bool on_own_thread(const struct part *part)
{
	char name[PROCESS_THREAD_NAME_MAX + 1], expected[] = "part-?";
	sigset_t blocked;

	expected[5] = part->name;
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
	assert_int_equal(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
	return !pthread_equal(pthread_self(), main_thread) && strcmp(name, expected) == 0 &&
	       sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	say('+', arg);
}

static int start_part(char name, const struct component_start *start, void **ret_self)
{
	static const struct timeval now = {0};
	struct part *part = ls_new(struct part);

	assert_true(pthread_equal(pthread_self(), main_thread));
	part->name = name;
	part->base = start->base;
	part->sockets = start->sockets;
	part->soon = event_new(start->base, -1, 0, on_soon, part);
	assert_non_null(part->soon);
	assert_int_equal(event_add(part->soon, &now), 0);
	*ret_self = part;
	say('s', part);
	return 0;
}

static int start_a(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	(void)fail;
	return start_part('A', start, ret_self);
}

static int start_b(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	(void)fail;
	return start_part('B', start, ret_self);
}

static int start_c(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	(void)fail;
	return start_part('C', start, ret_self);
}

static int start_badly(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	(void)ret_self;
	assert_int_equal(start->sockets->count, 1);
	return ls_fail_set(fail, -EBUSY, "no");
}

static void reload_part(void *self)
{
	say(on_own_thread(self) ? 'r' : '?', self);
}

static void reload_on_main(void *self)
{
	say(on_own_thread(self) ? '?' : 'r', self);
}

static void stop_part(void *self)
{
	const struct part *part = self;

	say('e', part);
	(void)event_base_loopbreak(part->base);
}

static void break_loop(void *self)
{
	(void)event_base_loopbreak(((const struct part *)self)->base);
}

static void free_part(void *self)
{
	struct part *part = self;

	assert_true(pthread_equal(pthread_self(), main_thread));
	say('f', part);
	event_free(part->soon);
	free(part);
}

#define ON_THREAD(letter, start_)                                                                  \
	{                                                                                          \
		.name = "part-" letter, .has_thread = true, .start = (start_),                     \
		.reload = reload_part, .stop = stop_part, .free = free_part                        \
	}

struct world {
	struct event_base *base;
	struct server_sockets sockets;
	struct component_start with;
};

static int set_up(void **state)
{
	struct world *world = ls_new(struct world);

	main_thread = pthread_self();
	world->base = event_base_new();
	world->with = (struct component_start){.base = world->base, .sockets = &world->sockets};
	*state = world;
	return pipe2(letters, O_CLOEXEC);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	process_sockets_done(&world->sockets);
	event_base_free(world->base);
	free(world);
	(void)close(letters[0]);
	(void)close(letters[1]);
	return 0;
}

static struct components *start_all(const struct world *world, const struct component *rows,
                                    size_t count)
{
	struct components *components = NULL;
	struct ls_fail fail;

	assert_int_equal(process_components_start(rows, count, &world->with, &components, &fail),
	                 0);
	return components;
}

static void test_two_threads_from_start_to_end(void **state)
{
	static const struct component rows[] = {ON_THREAD("A", start_a), ON_THREAD("B", start_b)};
	struct components *components = start_all(*state, rows, 2);

	heard("sA");
	heard("sB");
	heard_nothing_more(); /* both are at their gate */
	process_components_run(components);
	for (int i = 0; i < 2; i++) {
		char text[2];

		assert_int_equal(read(letters[0], text, 2), 2);
		assert_int_equal(text[0], '+');
	}
	process_components_reload(components);
	for (int i = 0; i < 2; i++) {
		char text[2];

		assert_int_equal(read(letters[0], text, 2), 2);
		assert_int_equal(text[0], 'r');
	}
	assert_int_equal(process_components_free(components), 0);
	heard("eB");
	heard("fB");
	heard("eA");
	heard("fA");
	heard_nothing_more();
}

static void test_one_that_never_ran_reads_nothing(void **state)
{
	static const struct component rows[] = {ON_THREAD("A", start_a)};
	struct components *components = start_all(*state, rows, 1);

	assert_int_equal(process_components_free(components), 0);
	heard("sA");
	heard("fA");
	heard_nothing_more();
}

static void test_what_the_main_loop_uses_ends_after_it(void **state)
{
	static const struct component rows[] = {ON_THREAD("A", start_a),
	                                        {.name = "part-B",
	                                         .start = start_b,
	                                         .reload = reload_on_main,
	                                         .stop = stop_part,
	                                         .free = free_part},
	                                        ON_THREAD("C", start_c)};
	const struct world *world = *state;
	struct components *components = start_all(world, rows, 3);
	char text[4];

	heard("sA");
	heard("sB");
	heard("sC");
	process_components_run(components);
	assert_int_equal(read(letters[0], text, 2), 2);
	assert_int_equal(read(letters[0], text + 2, 2), 2);
	assert_int_equal(text[0], '+');
	assert_int_equal(text[2], '+');
	process_components_stop(components);
	/* B at once, C on its thread. */
	assert_int_equal(read(letters[0], text, 2), 2);
	assert_int_equal(read(letters[0], text + 2, 2), 2);
	assert_int_equal(text[0], 'e');
	assert_int_equal(text[2], 'e');
	assert_int_equal(text[1] + text[3], 'B' + 'C');
	/* A is still there for B. */
	process_components_reload(components);
	assert_int_equal(read(letters[0], text, 2), 2);
	assert_int_equal(read(letters[0], text + 2, 2), 2);
	assert_int_equal(text[0], 'r');
	assert_int_equal(text[2], 'r');
	assert_int_equal(text[1] + text[3], 'A' + 'B');
	assert_int_equal(process_components_free(components), 0);
	heard("fC");
	heard("fB");
	heard("eA");
	heard("fA");
	heard_nothing_more();
}

static void add_socket(struct world *world, enum socket_use use)
{
	struct server_socket *it = &world->sockets.items[world->sockets.count++];

	*it = (struct server_socket){.fd = eventfd(0, EFD_CLOEXEC), .use = use};
	assert_true(it->fd >= 0);
}

static void test_sockets_go_to_who_serves_them(void **state)
{
	struct component rows[] = {ON_THREAD("A", start_a), {.name = "bad", .start = start_badly}};
	struct world *world = *state;
	struct components *components = NULL;
	struct ls_fail fail;
	int fds[3];

	rows[0].sockets = 1U << SOCKET_HTTP;
	rows[1].sockets = 1U << SOCKET_HTTP | 1U << SOCKET_METRICS;
	add_socket(world, SOCKET_HTTP);
	add_socket(world, SOCKET_METRICS);
	add_socket(world, SOCKET_HTTPS);
	for (size_t i = 0; i < 3; i++)
		fds[i] = world->sockets.items[i].fd;
	/* The second fails: the first is ended, and its sockets and the second's are closed. */
	assert_int_equal(process_components_start(rows, 2, &world->with, &components, &fail),
	                 -EBUSY);
	assert_null(components);
	heard("sA");
	heard("fA");
	assert_int_equal(world->sockets.items[0].fd, -1);
	assert_int_equal(world->sockets.items[1].fd, -1);
	assert_int_equal(world->sockets.items[2].fd, fds[2]);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	assert_int_equal(fcntl(fds[2], F_GETFD), FD_CLOEXEC);
}

static void test_a_loop_that_ends_unasked_ends_the_server(void **state)
{
	struct component rows[] = {ON_THREAD("A", start_a)};
	struct components *components;
	sigset_t term, before;
	int number = 0;

	rows[0].reload = break_loop;
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &term, &before), 0);
	components = start_all(*state, rows, 1);
	process_components_run(components);
	heard("sA");
	heard("+A");
	process_components_reload(components);
	assert_int_equal(sigwait(&term, &number), 0);
	assert_int_equal(number, SIGTERM);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_int_equal(process_components_free(components), -EIO);
	heard("fA");
}

static void hang(void *self)
{
	say('h', self);
	(void)poll(NULL, 0, -1);
}

static void stop_one_that_hangs(void)
{
	struct part part = {.name = 'A'};
	const struct process_thread_work work = {.reload = hang, .stop = hang, .self = &part};
	struct process_thread *thread = NULL;
	struct ls_fail fail;

	if (process_thread_new("hangs", &thread, &fail) == 0 &&
	    process_thread_start(thread, &work, &fail) == 0) {
		process_thread_run(thread);
		process_thread_reload(thread);
		heard("hA");
		_exit(process_thread_end(thread, 100) < 0);
	}
	_exit(0);
}

static void test_a_thread_that_hangs_does_not_keep_the_server(void **state)
{
	const struct rlimit no_core = {0};
	int status = 0;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		stop_one_that_hangs();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(test_two_threads_from_start_to_end),
	        TEST(test_one_that_never_ran_reads_nothing),
	        TEST(test_what_the_main_loop_uses_ends_after_it),
	        TEST(test_sockets_go_to_who_serves_them),
	        TEST(test_a_loop_that_ends_unasked_ends_the_server),
	        TEST(test_a_thread_that_hangs_does_not_keep_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
