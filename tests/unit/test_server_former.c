/* SPDX-License-Identifier: Apache-2.0 */
/* When other nodes get the addresses of deleted ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/keys.h"
#include "server/state/state.h"
#include "server_changes.h"
#include "server_null_store.h"

enum {
	NOW = 1700000000,
	DAY = 86400,
};

#define AT(when) (&(const struct origin){.now = (when)})

struct fixture {
	struct null_store store;
	struct server_state *state;
	struct network *network;
	char secret[SECRET_TEXT];
};

/* The overlay has room for 6 hosts. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct network_create request = {
	        .name = "net", .token_ttl_seconds = UINT32_MAX, .token_uses = 1000000};
	struct ended ended;
	struct ls_fail fail;

	assert_non_null(f);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
	assert_int_equal(ls_prefix_parse("10.9.0.0/29", &request.overlay_v4), 0);
	assert_int_equal(CHANGE(&ended, state_network_create, f->state, &request, AT(NOW)), 0);
	f->network = ended.network;
	memcpy(f->secret, ended.secrets.enrolment_token, sizeof(f->secret));
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

/* Registers a node, gives the last byte of its IPv4 address, and deletes the node. */
static int address_of_a_guest(struct fixture *f, int64_t now)
{
	const struct register_request request = {.token = f->secret,
	                                         .node_name = "guest",
	                                         .machine_public_key.b = {99},
	                                         .wg_public_key.b = {99}};
	struct ended ended;
	struct node *node;
	int ret, r = CHANGE(&ended, state_register, f->state, &request, AT(now));

	if (r < 0)
		return r;
	node = ended.node;
	ret = node->record->info.peer.ipv4.b[3];
	assert_int_equal(CHANGE(&ended, state_node_delete, f->state, node, AT(now)), 0);
	return ret;
}

static void test_addresses_rest(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_of_a_guest(f, NOW), 1);
	assert_int_equal(address_of_a_guest(f, NOW + DAY), 2);
	assert_int_equal(address_of_a_guest(f, NOW + 30 * DAY - 1), 3);
	assert_int_equal(address_of_a_guest(f, NOW + 30 * DAY), 1);
	assert_int_equal(address_of_a_guest(f, NOW + 30 * DAY), 4);
	assert_int_equal(address_of_a_guest(f, NOW + 31 * DAY), 2);
}

static void test_never(void **state)
{
	struct fixture *f = *state;

	state_reuse_addresses_after(f->state, STATE_REUSE_NEVER);
	for (int i = 1; i <= 6; i++)
		assert_int_equal(address_of_a_guest(f, NOW + (int64_t)i * 1000 * DAY), i);
	assert_int_equal(address_of_a_guest(f, NOW + (int64_t)9999 * DAY), LS_ERROR_CONFLICT);
}

/* Also when the clock was set back. */
static void test_at_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_of_a_guest(f, NOW + DAY), 1);
	state_reuse_addresses_after(f->state, 0);
	assert_int_equal(address_of_a_guest(f, NOW), 1);
	assert_int_equal(address_of_a_guest(f, NOW), 1);
}

/* Strangers must not use up the addresses with requests that nobody approves. */
static void test_addresses_of_requests_are_free_at_once(void **state)
{
	struct fixture *f = *state;
	const struct register_url_request request = {.network_id = f->network->id,
	                                             .node_name = "guest",
	                                             .ttl_seconds = 60,
	                                             .machine_public_key.b = {99},
	                                             .wg_public_key.b = {99}};

	for (int i = 0; i < 3; i++) {
		struct ended ended;
		struct node *node;

		assert_int_equal(CHANGE(&ended, state_register_url, f->state, &request, AT(NOW)),
		                 0);
		node = ended.node;
		assert_int_equal(node->record->info.peer.ipv4.b[3], 1);
		assert_int_equal(CHANGE(&ended, state_node_delete, f->state, node, AT(NOW)), 0);
	}
	assert_int_equal(address_of_a_guest(f, NOW), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_addresses_rest, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_never, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_addresses_of_requests_are_free_at_once, set_up,
	                                        tear_down),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
