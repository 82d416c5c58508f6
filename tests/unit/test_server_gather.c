/* SPDX-License-Identifier: Apache-2.0 */
/* What heartbeats change is shown to clients at most once per second and network, and a node whose
 * endpoint flaps causes few revisions. Virtual time, over a store that stores nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "server/state/gather.h"
#include "server/state/state.h"
#include "server/state/watcher.h"
#include "server_changes.h"
#include "server_null_store.h"

enum {
	NOW = 1700000000,
	NODES = 3,
};

struct world {
	struct null_store store;
	struct server_state *state;
	struct state_watcher watcher;
	struct network *network;
	struct node *nodes[NODES];
	struct ended ended;
	uint64_t now_ms;
	unsigned shown; /* revisions that clients saw */
	unsigned port;
};

static struct origin origin_of(const struct world *w)
{
	return (struct origin){.now = NOW + (int64_t)w->now_ms / 1000,
	                       .now_ns = w->now_ms * LS_NS_PER_MS};
}

static void on_changed(void *context, struct network *network)
{
	struct world *w = context;

	assert_ptr_equal(network, w->network);
	assert_int_equal(network->revision, network->record->revision);
	w->shown++;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct network_create request = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct origin origin;
	struct ls_fail fail;
	char secret[SECRET_TEXT], name[8];

	assert_non_null(w);
	w->now_ms = 1000000;
	origin = origin_of(w);
	null_store_init(&w->store);
	assert_int_equal(state_open(&w->store.store, NOW, &w->state, &fail), 0);
	assert_int_equal(CHANGE(&w->ended, state_network_create, w->state, &request, &origin), 0);
	w->network = w->ended.network;
	memcpy(secret, w->ended.secrets.enrolment_token, sizeof(secret));
	for (size_t i = 0; i < NODES; i++) {
		struct register_request join = {.token = secret, .node_name = name};

		(void)snprintf(name, sizeof(name), "n%zu", i);
		join.wg_public_key.b[0] = (uint8_t)(i + 1);
		assert_int_equal(CHANGE(&w->ended, state_register, w->state, &join, &origin), 0);
		w->nodes[i] = w->ended.node;
	}
	w->watcher = (struct state_watcher){.context = w, .network_changed = on_changed};
	state_watch(w->state, &w->watcher);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	state_close(w->state);
	free(w);
	return 0;
}

static void beat(struct world *w, size_t i, struct heartbeat heartbeat)
{
	const struct origin origin = origin_of(w);

	heartbeat.node_id = w->nodes[i]->id;
	assert_int_equal(
	        CHANGE(&w->ended, state_heartbeat, w->state, w->nodes[i], &heartbeat, &origin), 0);
}

/* The node reports an endpoint that it never had. */
static void move(struct world *w, size_t i)
{
	const char *endpoint;
	char text[32];

	(void)snprintf(text, sizeof(text), "192.0.2.1:%u", ++w->port);
	endpoint = text;
	beat(w, i, (struct heartbeat){.endpoints = {.items = &endpoint, .count = 1}});
	assert_string_equal(w->nodes[i]->record->info.peer.endpoints.items[0], text);
}

static void pass(struct world *w, uint64_t ms)
{
	for (w->now_ms += ms; state_gather_deadline(w->state) <= w->now_ms * LS_NS_PER_MS;)
		state_gather_run(w->state, w->now_ms * LS_NS_PER_MS);
}

static void the_first_is_shown_at_once(void **state)
{
	struct world *w = *state;

	move(w, 0);
	assert_int_equal(w->shown, 1);
	assert_true(state_gather_deadline(w->state) == LS_NEVER);
	pass(w, 1000);
	move(w, 1);
	assert_int_equal(w->shown, 2);
}

static void the_others_of_a_second_are_gathered(void **state)
{
	struct world *w = *state;
	uint64_t stored = w->network->record->revision, shown;

	move(w, 0);
	shown = w->network->revision;
	pass(w, 300);
	move(w, 1);
	pass(w, 300);
	move(w, 2);
	move(w, 1);
	/* All of it is stored, and has its revision. */
	assert_int_equal(w->network->record->revision, stored + 4);
	assert_int_equal(w->store.last_revision, stored + 4);
	assert_int_equal(w->network->revision, shown);
	assert_int_equal(w->shown, 1);
	pass(w, 399);
	assert_int_equal(w->shown, 1);
	assert_int_equal(state_gather_deadline(w->state), (w->now_ms + 1) * LS_NS_PER_MS);
	pass(w, 1);
	assert_int_equal(w->shown, 2);
	assert_int_equal(w->network->revision, stored + 4);
	/* The next second begins with it. */
	move(w, 2);
	pass(w, 999);
	assert_int_equal(w->shown, 2);
	pass(w, 1);
	assert_int_equal(w->shown, 3);
}

static void a_node_that_flaps_costs_little(void **state)
{
	struct world *w = *state;

	/* Ten times a second, for ten minutes. */
	for (unsigned i = 0; i < 6000; i++) {
		move(w, 0);
		pass(w, 100);
	}
	assert_true(w->shown >= 600 / GATHER_EVERY_S);
	assert_true(w->shown <= 600 / GATHER_EVERY_S + GATHER_BURST);
	/* Its last endpoint is shown in the end. */
	pass(w, GATHER_EVERY_S * 1000);
	assert_int_equal(w->network->revision, w->network->record->revision);
	/* When it has been quiet, it may move again. */
	pass(w, (uint64_t)GATHER_BURST * GATHER_EVERY_S * 1000);
	w->shown = 0;
	for (unsigned i = 0; i < GATHER_BURST; i++) {
		move(w, 0);
		assert_int_equal(w->shown, i + 1);
		pass(w, 1000);
	}
	move(w, 0);
	assert_int_equal(w->shown, GATHER_BURST);
}

static void a_node_that_flaps_does_not_delay_others(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 100; i++) {
		move(w, 0);
		pass(w, 100);
	}
	w->shown = 0;
	move(w, 1);
	assert_int_equal(w->shown, 1);
	/* That brought along what the first one had changed. */
	assert_int_equal(w->network->revision, w->network->record->revision);
}

static void routes_and_probes_count_too(void **state)
{
	struct world *w = *state;
	struct route route = {.kind = ROUTE_SUBNET, .enabled = true};

	for (unsigned i = 0; i < 600; i++) {
		assert_int_equal(ls_prefix_parse("192.168.0.0/24", &route.prefix), 0);
		route.prefix.ip.b[2] = (uint8_t)i;
		if (i % 2)
			beat(w, 0, (struct heartbeat){.routes = {.items = &route, .count = 1}});
		else
			beat(w, 0, (struct heartbeat){.probe = true});
		pass(w, 100);
	}
	assert_true(w->shown <= 60 / GATHER_EVERY_S + GATHER_BURST);
}

static void other_changes_are_shown_at_once(void **state)
{
	struct world *w = *state;
	const struct node_update update = {.name = "renamed"};
	const struct origin origin = origin_of(w);

	move(w, 0);
	move(w, 1);
	assert_int_equal(w->shown, 1);
	assert_int_equal(
	        CHANGE(&w->ended, state_node_update, w->state, w->nodes[2], &update, &origin), 0);
	assert_int_equal(w->shown, 2);
	assert_int_equal(w->network->revision, w->network->record->revision);
	assert_true(state_gather_deadline(w->state) == LS_NEVER);
	pass(w, 5000);
	assert_int_equal(w->shown, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(the_first_is_shown_at_once),     TEST(the_others_of_a_second_are_gathered),
	        TEST(a_node_that_flaps_costs_little), TEST(a_node_that_flaps_does_not_delay_others),
	        TEST(routes_and_probes_count_too),    TEST(other_changes_are_shown_at_once),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
