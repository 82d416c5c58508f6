/* SPDX-License-Identifier: Apache-2.0 */
/* The state while somebody sets the wall clock: NOW is its right time, `steady` goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/keys.h"
#include "proto/netmap.h"
#include "server/state/clock.h"
#include "server/state/seen.h"
#include "server/state/state.h"
#include "server/state/watcher.h"
#include "server_changes.h"
#include "server_null_store.h"

#define NOW    INT64_C(1900000000)
#define DAY    INT64_C(86400)
#define YEAR   (365 * DAY)
#define STEADY INT64_C(123456) /* ms since the boot */

#define AT(t) (&(struct origin){.now = (t)})

struct fixture {
	struct null_store store;
	struct server_state *state;
	struct state_watcher watcher;
	struct network *network;
	struct node *a, *b;
	char secret[SECRET_TEXT];
	struct ended ended;
	unsigned woken;
	int64_t off_s;    /* by how much the wall clock is wrong */
	int64_t passed_s; /* since the start */
};

static void count_changed(void *context, struct network *network)
{
	struct fixture *f = context;

	(void)network;
	f->woken++;
}

/* What the server's timer and each request do. */
static void go_on(struct fixture *f, int64_t seconds)
{
	f->passed_s += seconds;
	state_set_time(f->state, (NOW + f->off_s + f->passed_s) * 1000,
	               STEADY + f->passed_s * 1000);
	state_tick(f->state, NOW + f->off_s + f->passed_s);
}

static void set_clock(struct fixture *f, int64_t off_s)
{
	f->off_s = off_s;
	go_on(f, 1);
}

static int64_t now_of(const struct fixture *f)
{
	return NOW + f->off_s + f->passed_s;
}

static struct node *add_node(struct fixture *f, const char *name)
{
	struct register_request request = {.token = f->secret, .node_name = name};

	request.machine_public_key.b[0] = (uint8_t)name[0];
	request.wg_public_key.b[0] = (uint8_t)name[0];
	assert_int_equal(CHANGE(&f->ended, state_register, f->state, &request, AT(now_of(f))), 0);
	return f->ended.node;
}

static int beat(struct fixture *f, struct node *node, uint16_t port, bool probe)
{
	const struct ls_ip source = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 1}};
	const struct heartbeat heartbeat = {
	        .node_id = node->id, .listen_port = port, .probe = probe};
	const struct origin origin = {.now = now_of(f), .source = source};

	return CHANGE(&f->ended, state_heartbeat, f->state, node, &heartbeat, &origin);
}

/* Two nodes whose keys may be 30 days old. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct network_create request = {.name = "net",
	                                       .token_ttl_seconds = 2 * YEAR,
	                                       .token_uses = 10,
	                                       .has_key_max_age = true,
	                                       .key_rotation_max_age_seconds = 30 * DAY};
	struct ls_fail fail;

	assert_non_null(f);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
	f->watcher = (struct state_watcher){.context = f, .network_changed = count_changed};
	state_watch(f->state, &f->watcher);
	go_on(f, 0);
	assert_int_equal(CHANGE(&f->ended, state_network_create, f->state, &request, AT(NOW)), 0);
	f->network = f->ended.network;
	memcpy(f->secret, f->ended.secrets.enrolment_token, sizeof(f->secret));
	f->a = add_node(f, "a");
	f->b = add_node(f, "b");
	go_on(f, 10);
	f->woken = 0;
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

static bool both_active(const struct fixture *f)
{
	assert_int_equal(f->a->active, f->b->active);
	assert_int_equal(f->a->active, !f->a->rotation_required);
	return f->a->active;
}

static void test_a_year_ahead_and_back(void **state)
{
	struct fixture *f = *state;
	uint64_t revision = f->network->record->revision;

	set_clock(f, YEAR);
	assert_false(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 1);
	go_on(f, 60);
	set_clock(f, 0);
	assert_true(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 2);
	assert_int_equal(f->store.last_revision, revision + 2);
	assert_int_equal(f->woken, 2);
	/* They still expire at their time. */
	assert_int_equal(state_deadline(f->state), NOW + 30 * DAY + 1);
	go_on(f, 30 * DAY);
	assert_false(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 3);
}

static void test_a_day_back_and_right_again(void **state)
{
	struct fixture *f = *state;
	uint64_t revision = f->network->record->revision;

	go_on(f, 30 * DAY - 60); /* they expire in less than a minute */
	set_clock(f, -DAY);
	go_on(f, 3600);
	assert_true(both_active(f));
	set_clock(f, 0);
	assert_false(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->woken, 1);
	/* And those that have expired are active again on the day before. */
	set_clock(f, -DAY);
	assert_true(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 2);
}

/* Nothing says that the clock was set; the change is the first to look at the node. */
static void test_a_change_that_makes_a_node_active_is_announced(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;

	go_on(f, 30 * DAY + 1 - f->passed_s);
	assert_false(both_active(f));
	revision = f->network->record->revision;
	f->woken = 0;
	/* A step that is too small for a jump: the keys may live for another moment. */
	state_set_time(f->state, (NOW + 30 * DAY) * 1000 + 500, STEADY + f->passed_s * 1000);
	assert_false(both_active(f));
	assert_int_equal(beat(f, f->a, 7, false), 0);
	assert_true(f->a->active);
	assert_true(state_deadline(f->state) <= NOW + 30 * DAY);
	state_tick(f->state, NOW + 30 * DAY);
	assert_true(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->woken, 1);
}

/* Begun while the clock was wrong, written when it is right again. */
static void test_a_change_under_way(void **state)
{
	struct fixture *f = *state;
	const struct node_update update = {.name = "other"};
	struct ended slow;
	uint64_t revision;

	set_clock(f, YEAR);
	assert_false(both_active(f));
	revision = f->network->record->revision;
	f->store.slow = true;
	assert_int_equal(state_node_update(f->state, f->a, &update, AT(now_of(f)),
	                                   ended_then(&slow), &f->ended.fail),
	                 0);
	set_clock(f, 0);
	null_store_end_next(&f->store, 0);
	assert_int_equal(slow.times, 1);
	assert_int_equal(slow.code, 0);
	assert_true(both_active(f));
	assert_int_equal(f->network->record->revision, revision + 1);
	/* The update's own revision has told it; the one that waited behind is not needed. */
	assert_int_equal(f->store.waiting_count, 0);
	f->store.slow = false;
	go_on(f, 60);
	assert_int_equal(f->network->record->revision, revision + 1);
}

/* It counts as seen at the right time, and its wish for probes ends in time. */
static void test_a_heartbeat_under_way(void **state)
{
	struct fixture *f = *state;
	const char *endpoint = "192.0.2.1:4";
	const struct heartbeat heartbeat = {
	        .node_id = f->a->id, .endpoints = {&endpoint, 1}, .probe = true};
	struct ended slow;

	set_clock(f, YEAR - 400 * DAY); /* a month ago: the nodes are active */
	f->store.slow = true;
	assert_int_equal(state_heartbeat(f->state, f->a, &heartbeat, AT(now_of(f)),
	                                 ended_then(&slow), &f->ended.fail),
	                 0);
	set_clock(f, 0);
	null_store_end_next(&f->store, 0);
	f->store.slow = false;
	assert_int_equal(slow.code, 0);
	assert_int_equal(f->a->probe_at, now_of(f));
	assert_int_equal(f->a->last_seen, now_of(f));
}

static void test_a_revision_that_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	uint64_t revision = f->network->record->revision;

	f->store.fail_with = -ENOSPC;
	set_clock(f, YEAR);
	go_on(f, 60);
	set_clock(f, 0);
	assert_true(both_active(f));
	assert_int_equal(f->network->record->revision, revision);
	assert_true(state_deadline(f->state) <= now_of(f) + 60);
	f->store.fail_with = 0;
	go_on(f, 60);
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->store.last_revision, revision + 1);
}

/* What counts seconds goes on counting, whatever the clock shows. */
static void test_short_times_survive(void **state)
{
	static const int64_t by[] = {YEAR, -YEAR};

	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		struct fixture *f = *state;
		int64_t due;
		size_t commits;

		assert_int_equal(beat(f, f->a, (uint16_t)(9 + i), false), 0);
		assert_int_equal(f->a->last_seen, now_of(f));
		due = state_deadline(f->state) - now_of(f);
		assert_in_range(due, 1, STATE_SEEN_FLUSH_S);
		set_clock(f, by[i]);
		set_clock(f, by[i] + 5);
		if (by[i] < 0) { /* ahead, the nodes are not active */
			assert_int_equal(beat(f, f->b, (uint16_t)(9 + i), true), 0);
			assert_in_range(f->b->probe_at, now_of(f), now_of(f));
		}
		set_clock(f, 0);
		if (by[i] < 0)
			assert_int_equal(f->b->probe_at, now_of(f) - 1);
		commits = f->store.commits;
		assert_true(state_deadline(f->state) <= now_of(f) + STATE_SEEN_FLUSH_S);
		go_on(f, STATE_SEEN_FLUSH_S);
		assert_int_equal(f->store.commits, commits + 1);
	}
}

static void test_reading_the_clock(void **state)
{
	struct state_clock clock = {0};
	int64_t wall = NOW * 1000, steady = STEADY;

	(void)state;
	assert_int_equal(state_clock_read(&clock, wall, steady), 0);
	/* It drifts by 0.1 % for a day: by more than a minute. */
	for (int i = 0; i < 17280; i++)
		assert_int_equal(state_clock_read(&clock, wall += 5005, steady += 5000), 0);
	for (int i = 0; i < 17280; i++)
		assert_int_equal(state_clock_read(&clock, wall += 4995, steady += 5000), 0);
	/* The same with 200 readings per second. */
	for (int i = 0; i < 1000000; i++) {
		wall += 5 + (i % 200 == 0);
		assert_int_equal(state_clock_read(&clock, wall, steady += 5), 0);
	}
	/* The host sleeps for a night: both go on. */
	assert_int_equal(state_clock_read(&clock, wall += 28800000, steady += 28800000), 0);
	/* A step of less than a second is no jump, but many are. */
	assert_int_equal(state_clock_read(&clock, wall += 400 + 5, steady += 5), 0);
	assert_int_equal(state_clock_read(&clock, wall += 400 + 5, steady += 5), 0);
	assert_in_range(state_clock_read(&clock, wall += 400 + 5, steady += 5), 1190, 1200);
	assert_int_equal(state_clock_read(&clock, wall += 5, steady += 5), 0);
	assert_int_equal(state_clock_read(&clock, wall += YEAR * 1000, steady += 5000),
	                 YEAR * 1000 - 5000);
	assert_int_equal(state_clock_read(&clock, wall -= YEAR * 1000, steady += 5000),
	                 -YEAR * 1000 - 5000);
	assert_int_equal(state_clock_read(&clock, wall -= DAY * 1000, steady), -DAY * 1000);
	assert_int_equal(state_clock_read(&clock, wall += 5000, steady += 5000), 0);
	/* A simulated clock may take both back. */
	assert_int_equal(state_clock_read(&clock, wall - 5000, steady - 5000), -5000);
	assert_int_equal(state_clock_read(&clock, wall, steady), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_a_year_ahead_and_back, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_day_back_and_right_again, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_change_that_makes_a_node_active_is_announced,
	                                        set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_change_under_way, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_heartbeat_under_way, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_revision_that_cannot_be_written, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_short_times_survive, set_up, tear_down),
	        cmocka_unit_test(test_reading_the_clock),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
