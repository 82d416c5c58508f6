/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that their callers give up, and too many changes at once, over a store whose commits end
 * when the test says so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/keys.h"
#include "server/state/roster.h"
#include "server/state/state.h"
#include "server_changes.h"
#include "server_null_store.h"

enum {
	NOW = 1700000000
};

#define AT(when) (&(const struct origin){.now = (when)})
/* The last arguments of the function are added. */
#define BEGIN(ended, function, ...)                                                                \
	assert_int_equal((function)(__VA_ARGS__, ended_then(ended), &(ended)->fail), 0)

struct fixture {
	struct null_store store;
	struct server_state *state;
	struct network *network;
	char secret[SECRET_TEXT]; /* of a token of many uses */
};

static int set_up(void **state)
{
	const struct network_create request = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct fixture *f = calloc(1, sizeof(*f));
	struct ended ended;
	struct ls_fail fail;

	assert_non_null(f);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
	assert_int_equal(CHANGE(&ended, state_network_create, f->state, &request, AT(NOW)), 0);
	f->network = ended.network;
	memcpy(f->secret, ended.secrets.enrolment_token, sizeof(f->secret));
	f->store.slow = true;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	state_close(f->state);
	free(f);
	return 0;
}

static struct register_request newcomer(const struct fixture *f, const char *name, uint8_t key)
{
	return (struct register_request){.token = f->secret,
	                                 .node_name = name,
	                                 .machine_public_key.b = {key},
	                                 .wg_public_key.b = {key}};
}

/* Ends what the store has, one by one, until it has nothing. */
static void end_all(struct fixture *f)
{
	while (f->store.waiting_count > 0)
		null_store_end_next(&f->store, 0);
}

/* As BEGIN, with a ticket to take the change back. */
#define BEGIN_WITH_TICKET(ended, given, function, ...)                                             \
	do {                                                                                       \
		struct state_completion with = ended_then(ended);                                  \
                                                                                                   \
		with.ticket = (given);                                                             \
		assert_int_equal((function)(__VA_ARGS__, with, &(ended)->fail), 0);                \
	} while (0)

/* A change that waits in line can be taken back, and one that waits in the store; one that the
 * store is at work on cannot. The others do not notice. */
static void test_withdraw(void **state)
{
	struct fixture *f = *state;
	const struct register_request first = newcomer(f, "a", 1), second = newcomer(f, "b", 2),
	                              third = newcomer(f, "c", 3);
	static const struct heartbeat still;
	struct state_ticket tickets[3] = {0};
	struct ended one, two, three;

	BEGIN_WITH_TICKET(&one, &tickets[0], state_register, f->state, &first, AT(NOW));
	BEGIN_WITH_TICKET(&two, &tickets[1], state_register, f->state, &second, AT(NOW));
	BEGIN_WITH_TICKET(&three, &tickets[2], state_register, f->state, &third, AT(NOW));
	assert_int_equal(state_change_count(f->state), 3);
	assert_int_equal(f->store.waiting_count, 1);
	assert_true(state_withdraw(f->state, &tickets[1]));
	assert_null(tickets[1].change);
	assert_false(state_withdraw(f->state, &tickets[1]));
	assert_int_equal(f->store.withdrawn, 0);
	/* The next one has its turn at once. */
	assert_true(state_withdraw(f->state, &tickets[0]));
	assert_int_equal(f->store.withdrawn, 1);
	assert_int_equal(f->store.waiting_count, 1);
	f->store.at_work = true;
	assert_false(state_withdraw(f->state, &tickets[2]));
	end_all(f);
	assert_null(tickets[2].change);
	assert_int_equal(one.times + two.times, 0);
	assert_int_equal(three.times, 1);
	assert_int_equal(three.code, 0);
	assert_int_equal(f->network->roster->count, 1);
	assert_int_equal(state_change_count(f->state), 0);
	/* What it would have taken is free, and the node's heartbeats wait for nothing. */
	f->store.at_work = false;
	BEGIN_WITH_TICKET(&one, &tickets[0], state_node_delete, f->state, three.node, AT(NOW));
	assert_true(state_withdraw(f->state, &tickets[0]));
	assert_int_equal(CHANGE(&two, state_heartbeat, f->state, three.node, &still, AT(NOW)), 0);
	BEGIN_WITH_TICKET(&one, &tickets[0], state_register, f->state, &first, AT(NOW));
	end_all(f);
	assert_int_equal(one.code, 0);
}

/* Takes back its neighbour while it ends. */
struct taker {
	struct server_state *state;
	struct state_ticket *victim;
	bool taken;
};

static void take_neighbour(void *arg, const struct state_outcome *outcome)
{
	struct taker *taker = arg;

	assert_int_equal(outcome->code, 0);
	taker->taken = state_withdraw(taker->state, taker->victim);
}

static void test_withdraw_while_another_ends(void **state)
{
	struct fixture *f = *state;
	const struct register_request first = newcomer(f, "a", 1), second = newcomer(f, "b", 2);
	struct state_ticket ticket = {0};
	struct taker taker = {.state = f->state, .victim = &ticket};
	const struct state_completion then = {.done = take_neighbour, .arg = &taker};
	struct ended two;
	struct ls_fail fail;

	assert_int_equal(state_register(f->state, &first, AT(NOW), then, &fail), 0);
	BEGIN_WITH_TICKET(&two, &ticket, state_register, f->state, &second, AT(NOW));
	end_all(f);
	assert_true(taker.taken);
	assert_int_equal(two.times, 0);
	assert_int_equal(f->network->roster->count, 1);
	assert_int_equal(state_change_count(f->state), 0);
}

static int set_policy(struct fixture *f, struct network *network, struct ended *ended)
{
	static const struct key_policy policy = {.has_max_age = true, .max_age_seconds = 100};

	return state_key_policy_set(f->state, network, &policy, AT(NOW), ended_then(ended),
	                            &ended->fail);
}

/* One line may have 1024 changes, all lines together 4096. */
static void test_bounds(void **state)
{
	struct fixture *f = *state;
	const struct network_create request = {.name = "other"};
	struct network *networks[5];
	struct ended *ended = calloc(4096, sizeof(*ended)), refused;
	size_t begun = 0;

	assert_non_null(ended);
	for (size_t i = 0; i < 5; i++) {
		BEGIN(&ended[0], state_network_create, f->state, &request, AT(NOW));
		end_all(f);
		networks[i] = ended[0].network;
	}
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 1024; k++)
			assert_int_equal(set_policy(f, networks[i], &ended[begun++]), 0);
		assert_int_equal(set_policy(f, networks[i], &refused), -EBUSY);
		assert_string_equal(refused.fail.text, "too many changes wait to be stored");
	}
	/* Up to here, one line did not fill the others; now all of them are full. */
	assert_int_equal(state_change_count(f->state), 4096);
	assert_int_equal(set_policy(f, networks[4], &refused), -EBUSY);
	end_all(f);
	assert_int_equal(refused.times, 0);
	for (size_t i = 0; i < begun; i++)
		assert_true(ended[i].times == 1 && ended[i].code == 0);
	assert_int_equal(set_policy(f, networks[4], &refused), 0);
	end_all(f);
	assert_int_equal(refused.times, 1);
	free(ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_withdraw),
	        TEST(test_withdraw_while_another_ends),
	        TEST(test_bounds),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
