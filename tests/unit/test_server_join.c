/* SPDX-License-Identifier: Apache-2.0 */
/* Who may join a network, and who lifts a revocation: the rules of a network, over a store that
 * stores nothing, in virtual time. */
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
#include "server/state/budget.h"
#include "server/state/deadline.h"
#include "server/state/reclaim.h"
#include "server/state/roster.h"
#include "server/state/state.h"
#include "server_changes.h"
#include "server_null_store.h"

enum {
	NOW = 1700000000,
	TTL = 600,
};

struct fixture {
	struct null_store store;
	struct server_state *state;
	struct network *network;
	char secret[SECRET_TEXT]; /* of an enrolment token */
	struct ended ended;       /* how the last change ended */
	unsigned made;            /* keys */
};

static const struct origin admin = {.now = NOW, .actor.kind = ACTOR_ADMIN};

static int set_up(void **state)
{
	const struct network_create request = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct fixture *f = calloc(1, sizeof(*f));
	struct ls_fail fail;

	assert_non_null(f);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
	assert_int_equal(CHANGE(&f->ended, state_network_create, f->state, &request, &admin), 0);
	f->network = f->ended.network;
	memcpy(f->secret, f->ended.secrets.enrolment_token, sizeof(f->secret));
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

static struct wg_public_key new_key(struct fixture *f)
{
	struct wg_public_key key = {.b = {1}};

	f->made++;
	key.b[1] = (uint8_t)f->made;
	key.b[2] = (uint8_t)(f->made >> 8);
	return key;
}

/* The address of a source. */
static struct ls_ip v4(unsigned number)
{
	return (struct ls_ip){.family = LS_FAMILY_V4,
	                      .b = {10, (uint8_t)(number >> 8), (uint8_t)number, 1}};
}

static struct ls_ip v6(uint8_t network, uint8_t host)
{
	return (struct ls_ip){.family = LS_FAMILY_V6,
	                      .b = {0x20, 0x01, [7] = network, [15] = host}};
}

static int ask_from(struct fixture *f, const char *name, struct ls_ip source, int64_t now)
{
	const struct register_url_request request = {.network_id = f->network->id,
	                                             .node_name = name,
	                                             .wg_public_key = new_key(f),
	                                             .ttl_seconds = TTL};
	const struct origin stranger = {
	        .now = now, .now_ns = (uint64_t)(now - NOW) * LS_NS_PER_S, .source = source};

	return CHANGE(&f->ended, state_register_url, f->state, &request, &stranger);
}

/* With a name of its own. */
static int ask_again(struct fixture *f, struct ls_ip source, int64_t now)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "n%u", f->made);
	return ask_from(f, name, source, now);
}

static int ask_to_join(struct fixture *f, const char *name, int64_t now)
{
	return ask_from(f, name, v4(1), now);
}

static struct node *add_node(struct fixture *f, const char *name)
{
	const struct register_request request = {
	        .token = f->secret, .node_name = name, .wg_public_key = new_key(f)};
	const struct origin stranger = {.now = NOW};

	assert_int_equal(CHANGE(&f->ended, state_register, f->state, &request, &stranger), 0);
	return f->ended.node;
}

static void set_rules(struct fixture *f, enum network_join join, enum network_revocation revocation)
{
	const struct network_rules_given given = {
	        .has_join = true, .has_revocation = true, .rules = {join, revocation}};

	assert_int_equal(
	        CHANGE(&f->ended, state_network_update, f->state, f->network, &given, &admin), 0);
}

static void test_rules_of_a_new_network(void **state)
{
	struct fixture *f = *state;
	const struct network_rules *rules = &f->network->record->rules;

	assert_int_equal(rules->join, NETWORK_JOIN_LINK);
	assert_int_equal(rules->revocation, NETWORK_REVOCATION_FINAL);
}

/* Only what is given changes; no netmap shows it, so that nobody is woken. */
static void test_update_changes_what_is_given(void **state)
{
	struct fixture *f = *state;
	const struct network_rules_given off = {.has_join = true, .rules.join = NETWORK_JOIN_OFF};
	uint64_t revision = f->network->record->revision;
	size_t commits = f->store.commits;

	assert_int_equal(
	        CHANGE(&f->ended, state_network_update, f->state, f->network, &off, &admin), 0);
	assert_int_equal(f->network->record->rules.join, NETWORK_JOIN_OFF);
	assert_int_equal(f->network->record->rules.revocation, NETWORK_REVOCATION_FINAL);
	assert_string_equal(f->store.last_audit, "network.update by admin - from -");
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(f->store.commits, commits + 1);
	/* The same once more is no change. */
	assert_int_equal(
	        CHANGE(&f->ended, state_network_update, f->state, f->network, &off, &admin), 0);
	assert_int_equal(f->store.commits, commits + 1);
}

static void test_off_refuses_requests(void **state)
{
	struct fixture *f = *state;

	set_rules(f, NETWORK_JOIN_OFF, NETWORK_REVOCATION_FINAL);
	assert_int_equal(ask_to_join(f, "a", NOW), LS_ERROR_CONFLICT);
	assert_non_null(strstr(f->ended.fail.text, "enrolment token"));
	assert_true(add_node(f, "b")->active);
}

/* Asks to join under `link`, then changes the rule and opens the link as that actor. */
static int open_link(struct fixture *f, const char *name, enum network_join join,
                     enum actor_kind actor)
{
	const struct origin opener = {.now = NOW, .actor.kind = actor};
	struct node *node;

	set_rules(f, NETWORK_JOIN_LINK, NETWORK_REVOCATION_FINAL);
	assert_int_equal(ask_to_join(f, name, NOW), 0);
	node = f->ended.node;
	assert_int_equal(state_link_check(node, f->ended.secrets.approval, NOW, &f->ended.fail), 0);
	set_rules(f, join, NETWORK_REVOCATION_FINAL);
	return CHANGE(&f->ended, state_approve_by_link, f->state, node, &opener);
}

static void test_who_may_open_the_link(void **state)
{
	static const struct {
		enum network_join join;
		enum actor_kind actor;
		int code;
	} rows[] = {
	        {NETWORK_JOIN_LINK, ACTOR_ANYONE, 0},
	        {NETWORK_JOIN_LINK, ACTOR_ADMIN, 0},
	        {NETWORK_JOIN_ADMIN, ACTOR_ANYONE, LS_ERROR_AUTH},
	        {NETWORK_JOIN_ADMIN, ACTOR_NODE, LS_ERROR_AUTH},
	        {NETWORK_JOIN_ADMIN, ACTOR_ADMIN, 0},
	        {NETWORK_JOIN_OFF, ACTOR_ANYONE, LS_ERROR_AUTH},
	        {NETWORK_JOIN_OFF, ACTOR_ADMIN, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "n%zu", i);
		if (open_link(f, name, rows[i].join, rows[i].actor) != rows[i].code)
			fail_msg("row %zu: %d", i, f->ended.code);
	}
}

/* The rule counts when the change has its turn, not when it was begun. */
static void test_rule_changes_before_the_approval(void **state)
{
	struct fixture *f = *state;
	const struct network_rules_given given = {.has_join = true,
	                                          .rules.join = NETWORK_JOIN_ADMIN};
	const struct origin stranger = {.now = NOW};
	struct ended updated, approved;
	struct node *node;

	assert_int_equal(ask_to_join(f, "a", NOW), 0);
	node = f->ended.node;
	f->store.slow = true;
	assert_int_equal(state_network_update(f->state, f->network, &given, &admin,
	                                      ended_then(&updated), &updated.fail),
	                 0);
	assert_int_equal(state_approve_by_link(f->state, node, &stranger, ended_then(&approved),
	                                       &approved.fail),
	                 0);
	null_store_end_next(&f->store, 0);
	assert_int_equal(updated.code, 0);
	assert_int_equal(approved.code, LS_ERROR_AUTH);
	assert_false(node->record->info.approved);
}

static int rotate(struct fixture *f, struct node *node, enum actor_kind actor)
{
	const struct key_rotation rotation = {.has_wg = true, .wg_public_key = new_key(f)};
	const struct origin origin = {.now = NOW, .actor = {.kind = actor, .id = node->id}};

	return CHANGE(&f->ended, state_keys_rotate, f->state, node, &rotation, &origin);
}

static void test_final_revocation(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "lost");

	assert_int_equal(CHANGE(&f->ended, state_node_revoke, f->state, node, &admin), 0);
	assert_int_equal(rotate(f, node, ACTOR_NODE), LS_ERROR_CONFLICT);
	assert_non_null(strstr(f->ended.fail.text, "admin token"));
	assert_true(node->record->info.revoked && !node->active);
	assert_int_equal(rotate(f, node, ACTOR_ADMIN), 0);
	assert_true(node->active);
	/* A node that is not revoked has its keys in its own hands. */
	assert_int_equal(rotate(f, node, ACTOR_NODE), 0);
}

static void test_revocation_until_rotation(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "back");

	set_rules(f, NETWORK_JOIN_LINK, NETWORK_REVOCATION_ROTATE);
	assert_int_equal(CHANGE(&f->ended, state_node_revoke, f->state, node, &admin), 0);
	assert_int_equal(rotate(f, node, ACTOR_NODE), 0);
	assert_true(node->active);
}

static int approve(struct fixture *f, struct node *node)
{
	return CHANGE(&f->ended, state_approve, f->state, node, &admin);
}

/* --- floods --- */

/* Asks, and is approved at once, so that nobody waits. */
static int join_at_once(struct fixture *f, struct ls_ip source, int64_t now)
{
	int r = ask_again(f, source, now);

	if (r < 0)
		return r;
	return approve(f, f->ended.node);
}

static void use_large_network(struct fixture *f, const char *prefix)
{
	struct network_create large = {
	        .name = "large", .token_ttl_seconds = 1000000, .token_uses = 1000000};

	assert_int_equal(ls_prefix_parse(prefix, &large.overlay_v4), 0);
	assert_int_equal(CHANGE(&f->ended, state_network_create, f->state, &large, &admin), 0);
	f->network = f->ended.network;
	memcpy(f->secret, f->ended.secrets.enrolment_token, sizeof(f->secret));
}

static void test_budget_of_a_source(void **state)
{
	struct fixture *f = *state;
	size_t commits;

	use_large_network(f, "10.0.0.0/16");
	for (int i = 0; i < BUDGET_SOURCE_BURST; i++)
		assert_int_equal(join_at_once(f, v6(1, (uint8_t)i), NOW), 0);
	commits = f->store.commits;
	/* Other addresses of its /64 are the same source; what is refused costs nothing. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask_again(f, v6(1, 200), NOW), LS_ERROR_TOO_MANY);
		assert_int_equal(f->ended.fail.retry_s, BUDGET_SOURCE_EVERY_S);
	}
	assert_int_equal(f->store.commits, commits);
	assert_int_equal(join_at_once(f, v6(2, 1), NOW), 0);
	assert_int_equal(join_at_once(f, v4(1), NOW), 0);
	assert_int_equal(ask_again(f, v6(1, 1), NOW + BUDGET_SOURCE_EVERY_S - 1),
	                 LS_ERROR_TOO_MANY);
	assert_int_equal(join_at_once(f, v6(1, 1), NOW + BUDGET_SOURCE_EVERY_S), 0);
	assert_int_equal(ask_again(f, v6(1, 1), NOW + BUDGET_SOURCE_EVERY_S), LS_ERROR_TOO_MANY);
	/* An enrolment token needs no budget. */
	assert_true(add_node(f, "invited")->active);
}

static void test_budget_of_a_network(void **state)
{
	struct fixture *f = *state;

	use_large_network(f, "10.0.0.0/16");
	for (unsigned i = 0; i < BUDGET_NETWORK_BURST; i++)
		assert_int_equal(join_at_once(f, v4(i), NOW), 0);
	assert_int_equal(ask_again(f, v4(1000), NOW), LS_ERROR_TOO_MANY);
	assert_int_equal(f->ended.fail.retry_s, BUDGET_NETWORK_EVERY_S);
	assert_int_equal(join_at_once(f, v4(1000), NOW + BUDGET_NETWORK_EVERY_S), 0);
	use_large_network(f, "10.1.0.0/16");
	assert_int_equal(join_at_once(f, v4(1001), NOW), 0);
}

/* 123 requests take half of a /24: no longer from one source. */
static void test_few_of_a_source_may_wait(void **state)
{
	struct fixture *f = *state;
	struct node *first = NULL;

	for (int i = 0; i < STATE_WAITING_MAX; i++) {
		assert_int_equal(ask_again(f, v4(1), NOW), 0);
		first = first ? first : f->ended.node;
	}
	assert_int_equal(ask_again(f, v4(1), NOW), LS_ERROR_CONFLICT);
	assert_non_null(strstr(f->ended.fail.text, "from this address wait for approval"));
	assert_int_equal(ask_again(f, v4(2), NOW), 0);
	assert_int_equal(approve(f, first), 0);
	assert_int_equal(ask_again(f, v4(1), NOW), 0);
	assert_int_equal(ask_again(f, v4(1), NOW), LS_ERROR_CONFLICT);
}

/* Whoever has a token gets the name, the key and the address that a request holds; a stranger does
 * not. */
static void test_token_holders_displace(void **state)
{
	struct fixture *f = *state;
	struct register_request request = {.token = f->secret, .node_name = "DB1"};
	const struct origin guest = {.now = NOW};
	char squatter[LIMIT_ID_LEN + 1], other[LIMIT_ID_LEN + 1];

	assert_int_equal(ask_to_join(f, "db1", NOW), 0);
	(void)snprintf(squatter, sizeof(squatter), "%s", f->ended.node->id);
	assert_int_equal(ask_to_join(f, "x", NOW), 0);
	(void)snprintf(other, sizeof(other), "%s", f->ended.node->id);
	request.wg_public_key = f->ended.node->record->info.peer.wg_public_key;
	assert_int_equal(ask_to_join(f, "db1", NOW), LS_ERROR_CONFLICT);
	assert_int_equal(CHANGE(&f->ended, state_register, f->state, &request, &guest), 0);
	assert_string_equal(f->ended.node->record->info.peer.name, "DB1");
	assert_null(state_node(f->state, squatter));
	assert_null(state_node(f->state, other));
	assert_non_null(strstr(f->store.last_audit, "node.delete by server"));
	/* A node that is approved keeps what it has. */
	assert_int_equal(CHANGE(&f->ended, state_register, f->state, &request, &guest),
	                 LS_ERROR_CONFLICT);
}

/* When all addresses are taken, the source with most requests gives way first. */
static void test_token_holders_displace_the_greediest(void **state)
{
	struct fixture *f = *state;
	struct network_create small = {
	        .name = "small", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct node *honest;
	char name[16];

	assert_int_equal(ls_prefix_parse("10.9.0.0/29", &small.overlay_v4), 0);
	assert_int_equal(CHANGE(&f->ended, state_network_create, f->state, &small, &admin), 0);
	f->network = f->ended.network;
	memcpy(f->secret, f->ended.secrets.enrolment_token, sizeof(f->secret));
	assert_int_equal(ask_again(f, v4(7), NOW), 0);
	honest = f->ended.node;
	assert_int_equal(ask_again(f, v4(8), NOW), 0);
	assert_int_equal(ask_again(f, v4(8), NOW), 0);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "t%d", i);
		(void)add_node(f, name);
		assert_ptr_equal(state_node(f->state, honest->id), honest);
	}
	assert_int_equal(f->network->pending, 1);
	(void)add_node(f, "t5");
	assert_int_equal(f->network->pending, 0);
	assert_int_equal(f->network->roster->count, 6);
	{
		const struct register_request request = {
		        .token = f->secret, .node_name = "t6", .wg_public_key = new_key(f)};
		const struct origin guest = {.now = NOW};

		assert_int_equal(CHANGE(&f->ended, state_register, f->state, &request, &guest),
		                 LS_ERROR_CONFLICT);
	}
}

/* When no more may wait, a source that has none gets the place of one that has many, until all have
 * as many. */
static void test_strangers_share(void **state)
{
	struct fixture *f = *state;
	struct node *last;
	char id[LIMIT_ID_LEN + 1];
	unsigned i;

	for (i = 0; i < 123; i++) /* half of a /24 */
		assert_int_equal(ask_again(f, v4(i / STATE_WAITING_MAX), NOW), 0);
	last = f->ended.node;
	(void)snprintf(id, sizeof(id), "%s", last->id);
	/* The third source has 27 and asked last: others have 48. */
	assert_int_equal(ask_again(f, v4(100), NOW), 0);
	assert_int_equal(f->network->pending, 123);
	assert_ptr_equal(state_node(f->state, id), last);
	assert_non_null(strstr(f->store.last_audit, "node.register_url by anyone"));
	for (i = 0; i < 100; i++)
		assert_int_equal(ask_again(f, v4(200 + i), NOW), 0);
	assert_int_equal(f->network->pending, 123);
	for (i = 0; i < 3; i++) {
		assert_int_equal(ask_again(f, v4(i), NOW), LS_ERROR_CONFLICT);
		assert_non_null(strstr(f->ended.fail.text, "123 nodes of this network wait"));
	}
	assert_null(state_node(f->state, id));
}

static void test_expired_requests_are_swept(void **state)
{
	struct fixture *f = *state;
	int64_t expired = NOW + TTL;

	assert_int_equal(state_deadline(f->state), STATE_NEVER);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(ask_again(f, v4(i), NOW), 0);
	assert_int_equal(ask_again(f, v4(50), NOW + 5), 0);
	assert_int_equal(ask_again(f, v4(51), NOW), 0);
	assert_int_equal(approve(f, f->ended.node), 0);
	assert_int_equal(state_deadline(f->state), expired);
	state_tick(f->state, expired - 1);
	assert_int_equal(f->network->pending, 21);
	state_tick(f->state, expired);
	assert_int_equal(f->network->pending, 1);
	assert_int_equal(f->network->roster->count, 2);
	assert_non_null(strstr(f->store.last_audit, "node.delete by server - from -"));
	/* The next ones go together with others that expire soon. */
	assert_int_equal(state_deadline(f->state), expired + STATE_SWEEP_EVERY_S);
	state_tick(f->state, expired + STATE_SWEEP_EVERY_S);
	assert_int_equal(f->network->pending, 0);
	assert_int_equal(f->network->roster->count, 1);
	assert_int_equal(state_deadline(f->state), STATE_NEVER);
}

/* A store that fails changes nothing; the sweep is tried again. */
static void test_sweep_that_fails(void **state)
{
	struct fixture *f = *state;
	int64_t at = NOW + TTL;

	assert_int_equal(ask_again(f, v4(1), NOW), 0);
	f->store.fail_with = -5;
	state_tick(f->state, at);
	assert_int_equal(f->network->pending, 1);
	at = state_deadline(f->state);
	assert_true(at > NOW + TTL && at <= NOW + TTL + 60);
	f->store.fail_with = 0;
	state_tick(f->state, at);
	assert_int_equal(f->network->pending, 0);
}

/* Somebody sets the clock a year ahead, and right again: who asked to join still waits. */
static void test_no_sweep_by_a_wrong_clock(void **state)
{
	const int64_t year = 365 * 24 * 3600;
	struct fixture *f = *state;
	int64_t steady = 1000;

	state_set_time(f->state, NOW * 1000LL, steady);
	assert_int_equal(ask_again(f, v4(1), NOW), 0);
	state_set_time(f->state, (NOW + year) * 1000, steady + 1);
	state_tick(f->state, NOW + year);
	state_set_time(f->state, (NOW + year + 300) * 1000, steady + 300001);
	state_tick(f->state, NOW + year + 300);
	assert_int_equal(f->network->pending, 1);
	state_set_time(f->state, (NOW + 301) * 1000LL, steady + 301001);
	state_tick(f->state, NOW + 301);
	assert_int_equal(f->network->pending, 1);
	state_set_time(f->state, (NOW + 301 + 600) * 1000LL, steady + 901001);
	state_tick(f->state, NOW + 301 + STATE_SWEEP_CLOCK_S);
	assert_int_equal(f->network->pending, 0);
}

static void test_budget_of_rotations(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "busy"), *other = add_node(f, "other");
	size_t commits;

	for (int i = 0; i < BUDGET_ROTATE_BURST; i++)
		assert_int_equal(rotate(f, node, ACTOR_NODE), 0);
	commits = f->store.commits;
	assert_int_equal(rotate(f, node, ACTOR_NODE), LS_ERROR_TOO_MANY);
	assert_int_equal(f->ended.fail.retry_s, BUDGET_ROTATE_EVERY_S);
	assert_int_equal(f->store.commits, commits);
	assert_int_equal(rotate(f, other, ACTOR_NODE), 0);
	assert_int_equal(rotate(f, node, ACTOR_ADMIN), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_rules_of_a_new_network),
	        TEST(test_update_changes_what_is_given),
	        TEST(test_off_refuses_requests),
	        TEST(test_who_may_open_the_link),
	        TEST(test_rule_changes_before_the_approval),
	        TEST(test_final_revocation),
	        TEST(test_revocation_until_rotation),
	        TEST(test_budget_of_a_source),
	        TEST(test_budget_of_a_network),
	        TEST(test_few_of_a_source_may_wait),
	        TEST(test_token_holders_displace),
	        TEST(test_token_holders_displace_the_greediest),
	        TEST(test_strangers_share),
	        TEST(test_expired_requests_are_swept),
	        TEST(test_sweep_that_fails),
	        TEST(test_no_sweep_by_a_wrong_clock),
	        TEST(test_budget_of_rotations),
	};

	/* The failures here are meant. */
	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
