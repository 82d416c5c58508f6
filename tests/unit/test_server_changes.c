/* SPDX-License-Identifier: Apache-2.0 */
/* Changes while other changes are in progress, over a store whose commits end when the test says
 * so: requests at the same time have the same results as one after the other, no change is visible
 * before it is durable, and a change that failed leaves nothing behind. */
#include <errno.h>
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
#include "server/state/roster.h"
#include "server/state/seen.h"
#include "server/state/state.h"
#include "server/state/watcher.h"
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
	struct state_watcher watcher;
	unsigned woken;
	unsigned gone;
	unsigned deadlines;
};

static void count_changed(void *context, struct network *network)
{
	(void)network;
	((struct fixture *)context)->woken++;
}

static void count_gone(void *context, struct node *node)
{
	(void)node;
	((struct fixture *)context)->gone++;
}

static void count_deadline(void *context)
{
	((struct fixture *)context)->deadlines++;
}

/* The overlay has room for 6 hosts. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct network_create request = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct ended ended;
	struct ls_fail fail;

	assert_non_null(f);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
	f->watcher = (struct state_watcher){.context = f,
	                                    .network_changed = count_changed,
	                                    .node_gone = count_gone,
	                                    .deadline_changed = count_deadline};
	state_watch(f->state, &f->watcher);
	assert_int_equal(ls_prefix_parse("10.9.0.0/29", &request.overlay_v4), 0);
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

static struct register_url_request stranger(const struct fixture *f, const char *name, uint8_t key)
{
	return (struct register_url_request){.network_id = f->network->id,
	                                     .node_name = name,
	                                     .ttl_seconds = 60,
	                                     .machine_public_key.b = {key},
	                                     .wg_public_key.b = {key}};
}

/* `request` has to live until the change has ended. */
static void begin_register(struct fixture *f, const struct register_request *request, int64_t now,
                           struct ended *ended)
{
	BEGIN(ended, state_register, f->state, request, AT(now));
}

/* Ends what the store has, one by one, until it has nothing. */
static void end_all(struct fixture *f)
{
	while (f->store.waiting_count > 0)
		null_store_end_next(&f->store, 0);
}

static struct node *add_node(struct fixture *f, const char *name, uint8_t key)
{
	const struct register_request request = newcomer(f, name, key);
	struct ended ended;

	begin_register(f, &request, NOW, &ended);
	end_all(f);
	assert_int_equal(ended.code, 0);
	return ended.node;
}

/* A token of so many uses, by its secret. */
static struct token *add_token(struct fixture *f, uint64_t uses, char secret[static SECRET_TEXT])
{
	const struct token_create request = {.ttl_seconds = 1000, .uses = uses};
	struct ended ended;

	BEGIN(&ended, state_token_create, f->state, f->network, &request, AT(NOW));
	end_all(f);
	assert_int_equal(ended.code, 0);
	memcpy(secret, ended.secrets.enrolment_token, SECRET_TEXT);
	return ended.token;
}

static void test_nothing_is_seen_before_the_commit(void **state)
{
	struct fixture *f = *state;
	const struct register_request request = newcomer(f, "a", 1);
	uint64_t revision = f->network->record->revision;
	struct ended ended;

	begin_register(f, &request, NOW, &ended);
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(f->network->roster->count, 0);
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(f->woken, 0);
	assert_int_equal(ended.times, 0);
	null_store_end_next(&f->store, 0);
	assert_int_equal(ended.times, 1);
	assert_int_equal(ended.code, 0);
	assert_int_equal(f->network->roster->count, 1);
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->woken, 1);
	assert_ptr_equal(state_node(f->state, ended.node->id), ended.node);
	assert_true(strlen(ended.secrets.node_token) > 0);
}

/* Two registrations with a token of one use. The second one waits; when the first is written it
 * gets what it would have got a moment later. */
static void test_one_use_token_lets_one_in(void **state)
{
	struct fixture *f = *state;
	struct register_request first = newcomer(f, "a", 1), second = newcomer(f, "b", 2);
	char secret[SECRET_TEXT];
	struct token *token = add_token(f, 1, secret);
	struct ended one, two, late;

	first.token = second.token = secret;
	begin_register(f, &first, NOW, &one);
	begin_register(f, &second, NOW, &two);
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(one.times + two.times, 0);
	assert_int_equal(token->record->uses_left, 1);
	end_all(f);
	assert_int_equal(one.times, 1);
	assert_int_equal(one.code, 0);
	assert_int_equal(two.times, 1);
	assert_int_equal(two.code, LS_ERROR_AUTH);
	assert_int_equal(f->network->roster->count, 1);
	assert_int_equal(token->record->uses_left, 0);
	/* The same words as for one that comes later, which need not wait to be refused. */
	assert_int_equal(CHANGE(&late, state_register, f->state, &second, AT(NOW)), LS_ERROR_AUTH);
	assert_string_equal(two.fail.text, late.fail.text);
}

/* What the first one took is free again when its commit fails. */
static void test_one_use_token_after_a_failure(void **state)
{
	struct fixture *f = *state;
	struct register_request first = newcomer(f, "a", 1), second = newcomer(f, "b", 2);
	char secret[SECRET_TEXT];
	struct token *token = add_token(f, 1, secret);
	struct ended one, two;

	first.token = second.token = secret;
	begin_register(f, &first, NOW, &one);
	begin_register(f, &second, NOW, &two);
	null_store_end_next(&f->store, -ENOSPC);
	assert_int_equal(one.code, -ENOSPC);
	assert_int_equal(two.times, 0);
	null_store_end_next(&f->store, 0);
	assert_int_equal(two.times, 1);
	assert_int_equal(two.code, 0);
	assert_int_equal(one.times, 1);
	assert_int_equal(f->network->roster->count, 1);
	assert_int_equal(token->record->uses_left, 0);
}

static void test_same_name_and_same_key(void **state)
{
	struct fixture *f = *state;
	const struct register_request first = newcomer(f, "a", 1), name = newcomer(f, "A", 2),
	                              key = newcomer(f, "b", 1);
	struct ended one, two, three;

	begin_register(f, &first, NOW, &one);
	begin_register(f, &name, NOW, &two);
	begin_register(f, &key, NOW, &three);
	end_all(f);
	assert_int_equal(one.code, 0);
	assert_int_equal(two.code, LS_ERROR_CONFLICT);
	assert_int_equal(three.code, LS_ERROR_CONFLICT);
	assert_int_equal(one.times + two.times + three.times, 3);
	assert_int_equal(f->network->roster->count, 1);
}

static void test_last_address(void **state)
{
	struct fixture *f = *state;
	const struct register_request first = newcomer(f, "y", 11), second = newcomer(f, "z", 12);
	struct ended one, two;
	char name[2] = "a";

	for (uint8_t i = 1; i <= 5; i++, name[0]++)
		(void)add_node(f, name, i);
	begin_register(f, &first, NOW, &one);
	begin_register(f, &second, NOW, &two);
	/* The first one fails, so the address is there for the second one, and for nobody else. */
	null_store_end_next(&f->store, -EIO);
	assert_int_equal(one.code, -EIO);
	begin_register(f, &first, NOW, &one);
	end_all(f);
	assert_int_equal(two.code, 0);
	assert_int_equal(two.node->record->info.peer.ipv4.b[3], 6);
	assert_int_equal(one.code, LS_ERROR_CONFLICT);
	assert_int_equal(f->network->roster->count, 6);
}

/* The next try gets the very name, key and address that the failed one had. */
static void test_failure_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	const struct register_request request = newcomer(f, "a", 1);
	uint64_t revision = f->network->record->revision;
	struct ended ended;
	struct ls_ip free_v4, v4;

	assert_int_equal(state_address_pool_next(&f->network->v4, &free_v4), 0);
	begin_register(f, &request, NOW, &ended);
	null_store_end_next(&f->store, -EIO);
	assert_int_equal(ended.times, 1);
	assert_int_equal(ended.code, -EIO);
	assert_null(ended.node);
	assert_int_equal(f->network->roster->count, 0);
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(ls_map_count(f->network->names) + ls_map_count(f->network->wg_keys), 0);
	assert_int_equal(f->woken, 0);
	assert_int_equal(state_token(f->state, f->secret)->record->uses_left, 1000000);
	assert_int_equal(state_address_pool_next(&f->network->v4, &v4), 0);
	assert_true(ls_ip_equal(&v4, &free_v4));
	begin_register(f, &request, NOW, &ended);
	null_store_end_next(&f->store, 0);
	assert_int_equal(ended.code, 0);
	assert_true(ls_ip_equal(&ended.node->record->info.peer.ipv4, &free_v4));
	assert_int_equal(f->network->record->revision, revision + 1);
}

/* The node goes when its turn has come; who asked before it got what they asked for, and who asks
 * after it finds nobody. */
static void test_delete_while_an_update_is_written(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "a", 1);
	const struct node_update update = {.name = "b"};
	const struct key_rotation rotation = {.has_wg = true, .wg_public_key.b = {9}};
	const struct heartbeat beat = {.listen_port = 7};
	struct ended updated, deleted, rotated, seen;
	char id[sizeof(node->id)];

	memcpy(id, node->id, sizeof(id));
	BEGIN(&updated, state_node_update, f->state, node, &update, AT(NOW));
	BEGIN(&deleted, state_node_delete, f->state, node, AT(NOW));
	BEGIN(&rotated, state_keys_rotate, f->state, node, &rotation, AT(NOW));
	BEGIN(&seen, state_heartbeat, f->state, node, &beat, AT(NOW));
	assert_int_equal(f->store.waiting_count, 1);
	null_store_end_next(&f->store, 0);
	assert_int_equal(updated.code, 0);
	assert_string_equal(node->record->info.peer.name, "b");
	assert_int_equal(deleted.times, 0);
	assert_ptr_equal(state_node(f->state, id), node);
	null_store_end_next(&f->store, 0);
	assert_int_equal(deleted.code, 0);
	assert_null(deleted.node);
	assert_null(state_node(f->state, id));
	assert_int_equal(f->gone, 1);
	assert_int_equal(rotated.code, LS_ERROR_NOT_FOUND);
	assert_int_equal(seen.code, LS_ERROR_NOT_FOUND);
	assert_int_equal(f->store.waiting_count, 0);
	assert_int_equal(updated.times + deleted.times + rotated.times + seen.times, 4);
}

/* Two updates of one node: the second one builds upon what the first has made durable, and on
 * nothing else. */
static void test_updates_do_not_undo_each_other(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "a", 1);
	static const char *const tags[] = {"x"};
	const struct node_update rename = {.name = "b"};
	const struct node_update tag = {.has_tags = true,
	                                .tags = {.items = (const char *const *)tags, .count = 1}};
	const struct peer_info *peer;

	for (int first = -EIO; first <= 0; first += EIO) {
		struct ended one, two;

		BEGIN(&one, state_node_update, f->state, node, &rename, AT(NOW));
		BEGIN(&two, state_node_update, f->state, node, &tag, AT(NOW));
		null_store_end_next(&f->store, first);
		end_all(f);
		assert_int_equal(one.code, first);
		assert_int_equal(two.code, 0);
		peer = &node->record->info.peer;
		assert_string_equal(peer->name, first == 0 ? "b" : "a");
		assert_int_equal(peer->tags.count, 1);
	}
}

/* The expired request goes with the registration that needs its place, or not at all. */
static void test_reclaiming_is_part_of_the_registration(void **state)
{
	struct fixture *f = *state;
	const struct register_url_request old = stranger(f, "laptop", 1);
	const struct register_request fresh = newcomer(f, "laptop", 2);
	struct ended waiting, ended;
	struct ls_ip v4;
	size_t commits;

	BEGIN(&waiting, state_register_url, f->state, &old, AT(NOW));
	end_all(f);
	v4 = waiting.node->record->info.peer.ipv4;
	commits = f->store.commits;
	begin_register(f, &fresh, NOW + 60, &ended);
	assert_int_equal(f->gone, 0);
	null_store_end_next(&f->store, -ENOSPC);
	assert_int_equal(ended.code, -ENOSPC);
	assert_int_equal(f->gone, 0);
	assert_int_equal(f->network->pending, 1);
	assert_ptr_equal(state_node(f->state, waiting.node->id), waiting.node);
	begin_register(f, &fresh, NOW + 60, &ended);
	null_store_end_next(&f->store, 0);
	assert_int_equal(ended.code, 0);
	assert_int_equal(f->gone, 1);
	assert_int_equal(f->store.commits, commits + 1);
	assert_int_equal(f->store.last_deleted, 1);
	assert_int_equal(f->network->pending, 0);
	assert_int_equal(f->network->roster->count, 1);
	/* Its address is the lowest that is free, as it always is. */
	assert_true(ls_ip_equal(&ended.node->record->info.peer.ipv4, &v4));
}

/* One for its name, one for its key, and the oldest that is left, as the network is full: all in
 * one commit. */
static void test_one_registration_may_reclaim_three(void **state)
{
	struct fixture *f = *state;
	struct network_create create = {.name = "closed",
	                                .requires_approval = true,
	                                .token_ttl_seconds = 1000,
	                                .token_uses = 10};
	struct register_url_request old[3], fresh;
	struct ended ended;
	size_t commits;

	assert_int_equal(ls_prefix_parse("10.8.0.0/29", &create.overlay_v4), 0);
	BEGIN(&ended, state_network_create, f->state, &create, AT(NOW));
	end_all(f);
	f->network = ended.network;
	memcpy(f->secret, ended.secrets.enrolment_token, sizeof(f->secret));
	old[0] = stranger(f, "name", 1);
	old[1] = stranger(f, "key", 2);
	old[2] = stranger(f, "other", 3);
	for (size_t i = 0; i < 3; i++) {
		BEGIN(&ended, state_register_url, f->state, &old[i], AT(NOW));
		end_all(f);
		assert_int_equal(ended.code, 0);
	}
	(void)add_node(f, "waits", 7);
	(void)add_node(f, "waits-too", 8);
	assert_int_equal(f->network->pending, 5);
	commits = f->store.commits;
	fresh = stranger(f, "name", 9);
	fresh.wg_public_key = old[1].wg_public_key;
	BEGIN(&ended, state_register_url, f->state, &fresh, AT(NOW + 60));
	end_all(f);
	assert_int_equal(ended.code, 0);
	assert_int_equal(f->gone, 3);
	assert_int_equal(f->store.commits, commits + 1);
	assert_int_equal(f->store.last_deleted, 3);
	assert_int_equal(f->network->roster->count, 3);
	assert_int_equal(f->network->pending, 3);
}

struct order {
	char text[64];
};

struct noted {
	struct order *order;
	const char *name;
};

static void note_end(void *arg, const struct state_outcome *outcome)
{
	const struct noted *noted = arg;
	size_t used = strlen(noted->order->text);

	(void)snprintf(noted->order->text + used, sizeof(noted->order->text) - used, "%s%s ",
	               noted->name, outcome->code == 0 ? "" : "!");
}

/* Networks do not wait for each other, and in a network nobody overtakes. */
static void test_order(void **state)
{
	struct fixture *f = *state;
	const struct network_create create = {.name = "other"};
	const struct token_create token = {.ttl_seconds = 5, .uses = 1};
	struct order order = {0};
	struct noted names[] = {
	        {&order, "a1"}, {&order, "b1"}, {&order, "a2"}, {&order, "a3"}, {&order, "b2"}};
	struct network *networks[2] = {f->network};
	struct ended ended;
	struct ls_fail fail;

	BEGIN(&ended, state_network_create, f->state, &create, AT(NOW));
	end_all(f);
	networks[1] = ended.network;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct state_completion then = {.done = note_end, .arg = &names[i]};

		assert_int_equal(state_token_create(f->state, networks[names[i].name[0] - 'a'],
		                                    &token, AT(NOW), then, &fail),
		                 0);
	}
	assert_int_equal(f->store.waiting_count, 2);
	null_store_end_next(&f->store, 0);
	null_store_end_next(&f->store, -EIO);
	end_all(f);
	assert_string_equal(order.text, "a1 b1! a2 b2 a3 ");
}

/* A completion may begin the next change of the same network; it stands in line. */
struct chain {
	struct fixture *f;
	struct ended ended;
	unsigned times;
	unsigned left;
};

static void begin_next(void *arg, const struct state_outcome *outcome)
{
	static const struct token_create token = {.ttl_seconds = 5, .uses = 1};
	struct chain *chain = arg;
	const struct state_completion then = {.done = begin_next, .arg = chain};

	assert_int_equal(outcome->code, 0);
	chain->times++;
	if (chain->left == 0)
		return;
	chain->left--;
	assert_int_equal(state_token_create(chain->f->state, outcome->network, &token, AT(NOW),
	                                    then, &chain->ended.fail),
	                 0);
}

static void test_completion_begins_another(void **state)
{
	static const struct token_create token = {.ttl_seconds = 5, .uses = 1};
	struct fixture *f = *state;

	for (int slow = 0; slow <= 1; slow++) {
		struct chain chain = {.f = f, .left = 1000};
		const struct state_completion then = {.done = begin_next, .arg = &chain};
		size_t commits = f->store.commits;

		f->store.slow = slow != 0;
		assert_int_equal(state_token_create(f->state, f->network, &token, AT(NOW), then,
		                                    &chain.ended.fail),
		                 0);
		end_all(f);
		assert_int_equal(chain.times, 1001);
		assert_int_equal(f->store.commits, commits + 1001);
	}
}

/* What is refused whatever comes before it does not wait to be refused. */
static void test_wrong_secrets_do_not_wait(void **state)
{
	struct fixture *f = *state;
	const struct register_request good = newcomer(f, "a", 1);
	struct register_request wrong = newcomer(f, "b", 2);
	const struct register_url_request by_url = stranger(f, "c", 3);
	struct ended pending, ended, url;

	BEGIN(&url, state_register_url, f->state, &by_url, AT(NOW));
	end_all(f);
	begin_register(f, &good, NOW, &pending);
	wrong.token = "no such token";
	assert_int_equal(CHANGE(&ended, state_register, f->state, &wrong, AT(NOW)), LS_ERROR_AUTH);
	assert_int_equal(state_link_check(url.node, "wrong", NOW, &ended.fail), LS_ERROR_AUTH);
	wrong.token = f->secret;
	assert_int_equal(CHANGE(&ended, state_register, f->state, &wrong, AT(NOW + 1000000)),
	                 LS_ERROR_AUTH);
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(pending.times, 0);
	end_all(f);
}

/* A heartbeat that says nothing new needs no commit, so it waits for none but its own node's. */
static void test_heartbeats_go_on(void **state)
{
	struct fixture *f = *state;
	struct node *a = add_node(f, "a", 1), *b = add_node(f, "b", 2);
	const char *moved[] = {"192.0.2.1:1"};
	const struct heartbeat still = {0}, there = {.endpoints = {.items = moved, .count = 1}};
	struct ended first, ended, back;

	BEGIN(&first, state_heartbeat, f->state, a, &there, AT(NOW));
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(CHANGE(&ended, state_heartbeat, f->state, b, &still, AT(NOW + 1)), 0);
	assert_int_equal(b->last_seen, NOW + 1);
	/* The endpoints of before are not what is in memory when the turn has come. */
	BEGIN(&back, state_heartbeat, f->state, a, &still, AT(NOW + 2));
	assert_int_equal(back.times, 0);
	null_store_end_next(&f->store, 0);
	assert_int_equal(first.code, 0);
	assert_int_equal(a->record->info.peer.endpoints.count, 1);
	null_store_end_next(&f->store, 0);
	assert_int_equal(back.code, 0);
	assert_int_equal(a->record->info.peer.endpoints.count, 0);
	/* Nothing of a is on its way any more. */
	BEGIN(&first, state_heartbeat, f->state, b, &there, AT(NOW));
	assert_int_equal(CHANGE(&ended, state_heartbeat, f->state, a, &still, AT(NOW + 3)), 0);
	assert_int_equal(first.times, 0);
	end_all(f);
}

static void test_two_networks_with_one_prefix(void **state)
{
	struct fixture *f = *state;
	struct network_create request = {.name = "n"};
	struct ended one, two, three;

	assert_int_equal(ls_prefix_parse("10.77.0.0/16", &request.overlay_v4), 0);
	BEGIN(&one, state_network_create, f->state, &request, AT(NOW));
	BEGIN(&two, state_network_create, f->state, &request, AT(NOW));
	BEGIN(&three, state_network_create, f->state, &request, AT(NOW));
	null_store_end_next(&f->store, -EIO);
	assert_null(one.network);
	end_all(f);
	assert_int_equal(one.code, -EIO);
	assert_int_equal(two.code, 0);
	assert_int_equal(three.code, LS_ERROR_CONFLICT);
	assert_ptr_equal(state_network(f->state, two.network->id), two.network);
}

static void test_network_goes_in_its_turn(void **state)
{
	struct fixture *f = *state;
	const struct register_request first = newcomer(f, "a", 1), second = newcomer(f, "b", 2);
	struct ended registered, refused, deleted, late;

	begin_register(f, &first, NOW, &registered);
	BEGIN(&refused, state_network_delete, f->state, f->network, AT(NOW));
	end_all(f);
	assert_int_equal(registered.code, 0);
	assert_int_equal(refused.code, LS_ERROR_CONFLICT);
	BEGIN(&late, state_node_delete, f->state, registered.node, AT(NOW));
	BEGIN(&deleted, state_network_delete, f->state, f->network, AT(NOW));
	begin_register(f, &second, NOW, &registered);
	end_all(f);
	assert_int_equal(deleted.code, 0);
	assert_null(deleted.network);
	assert_int_equal(registered.code, LS_ERROR_NOT_FOUND);
}

/* What is on its way when the state is closed comes back; what waits behind it is refused. */
static void test_close(void **state)
{
	struct fixture *f = *state;
	const struct register_request first = newcomer(f, "a", 1), second = newcomer(f, "b", 2);
	struct ended one, two;
	struct ls_fail fail;

	begin_register(f, &first, NOW, &one);
	begin_register(f, &second, NOW, &two);
	state_close(f->state);
	assert_int_equal(one.times, 1);
	assert_int_equal(one.code, 0);
	assert_int_equal(two.times, 1);
	assert_int_equal(two.code, -ECANCELED);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
}

/* Keys age without the store; the revision that tells it is written once, however long it takes. */
static void test_keys_age_while_the_store_is_slow(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "a", 1);
	const struct key_policy policy = {.has_max_age = true, .max_age_seconds = 100};
	const struct register_request request = newcomer(f, "younger", 2);
	struct ended ended;
	uint64_t revision;

	BEGIN(&ended, state_key_policy_set, f->state, f->network, &policy, AT(NOW));
	begin_register(f, &request, NOW + 1, &ended);
	end_all(f);
	revision = f->network->record->revision;
	f->woken = 0;
	state_tick(f->state, NOW + 101);
	assert_int_equal(state_deadline(f->state), NOW + 102);
	state_tick(f->state, NOW + 102);
	assert_false(node->active || ended.node->active);
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(f->woken, 0);
	f->deadlines = 0;
	null_store_end_next(&f->store, -EIO);
	/* The watchers learn when it is tried again. */
	assert_int_equal(f->deadlines, 1);
	assert_int_equal(state_deadline(f->state), NOW + 107);
	state_tick(f->state, NOW + 107);
	null_store_end_next(&f->store, 0);
	assert_int_equal(f->store.waiting_count, 0);
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->woken, 1);
	assert_int_equal(state_deadline(f->state), STATE_NEVER);
}

static void beat(struct fixture *f, struct node *node, int64_t now)
{
	static const struct heartbeat still;
	struct ended ended;

	assert_int_equal(CHANGE(&ended, state_heartbeat, f->state, node, &still, AT(now)), 0);
}

/* While last_seen is written, nodes go, and others are seen again. */
static void test_last_seen_while_it_is_written(void **state)
{
	struct fixture *f = *state;
	struct node *a = add_node(f, "a", 1), *b = add_node(f, "b", 2), *c = add_node(f, "c", 3);
	int64_t due = NOW + 1 + STATE_SEEN_FLUSH_S;
	struct ended ended;

	beat(f, a, NOW + 1);
	beat(f, b, NOW + 1);
	beat(f, c, NOW + 1);
	assert_int_equal(state_deadline(f->state), due);
	state_tick(f->state, due);
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(f->store.waiting[0]->count, 3);
	assert_int_equal(state_deadline(f->state), STATE_NEVER);
	beat(f, b, due);
	BEGIN(&ended, state_node_delete, f->state, c, AT(due));
	null_store_end_next(&f->store, -EIO);
	null_store_end_next(&f->store, 0);
	assert_int_equal(ended.code, 0);
	/* The next one has a, whose turn failed, and b as it was seen last. */
	state_tick(f->state, state_deadline(f->state));
	assert_int_equal(f->store.waiting_count, 1);
	assert_int_equal(f->store.waiting[0]->count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct store_op *op = &f->store.waiting[0]->ops[i];
		bool is_b = strcmp(op->id, b->id) == 0;

		assert_int_equal(op->time, is_b ? due : NOW + 1);
	}
	beat(f, b, due + 20);
	end_all(f);
	assert_int_equal(state_deadline(f->state), due + 20 + STATE_SEEN_FLUSH_S);
}

static bool lies_in(const void *p, const void *object, size_t size)
{
	const uintptr_t at = (uintptr_t)p, begin = (uintptr_t)object;

	return p && at - begin < size;
}

/* A store may read what it was given on another thread, so none of it is the state's memory. */
static void test_commits_hold_nothing_of_the_state(void **state)
{
	struct fixture *f = *state;
	struct node *node = add_node(f, "a", 1);
	const struct origin self = state_origin_as(AT(NOW), ACTOR_NODE, node->id);
	const struct key_rotation rotation = {.has_wg = true, .wg_public_key.b = {9}};
	struct ended ended;
	const struct store_commit *commit;

	BEGIN(&ended, state_keys_rotate, f->state, node, &rotation, &self);
	commit = f->store.waiting[0];
	for (size_t i = 0; i < commit->count; i++) {
		const struct store_op *op = &commit->ops[i];

		assert_false(lies_in(op->id, node, sizeof(*node)));
		assert_false(lies_in(op->id, f->network, sizeof(*f->network)));
		if (op->kind == STORE_NODE_PUT)
			assert_ptr_not_equal(op->node, node->record);
		if (op->kind != STORE_AUDIT_ADD)
			continue;
		assert_false(lies_in(op->audit->actor_id, node, sizeof(*node)));
		assert_false(lies_in(op->audit->node_id, node, sizeof(*node)));
		assert_false(lies_in(op->audit->network_id, f->network, sizeof(*f->network)));
	}
	end_all(f);
	assert_int_equal(ended.code, 0);
}

/* Who asked is kept by the change, however long it waits. */
static void test_origin_is_the_changes_own(void **state)
{
	struct fixture *f = *state;
	const struct token_create token = {.ttl_seconds = 5, .uses = 1};
	char id[] = "somebody";
	const struct origin origin = state_origin_as(AT(NOW), ACTOR_NODE, id);
	struct ended first, second;

	BEGIN(&first, state_token_create, f->state, f->network, &token, &origin);
	BEGIN(&second, state_token_create, f->state, f->network, &token, &origin);
	memset(id, 'x', strlen(id));
	end_all(f);
	assert_int_equal(second.code, 0);
	assert_string_equal(f->store.last_audit, "token.create by node somebody from -");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_nothing_is_seen_before_the_commit),
	        TEST(test_one_use_token_lets_one_in),
	        TEST(test_one_use_token_after_a_failure),
	        TEST(test_same_name_and_same_key),
	        TEST(test_last_address),
	        TEST(test_failure_leaves_nothing),
	        TEST(test_delete_while_an_update_is_written),
	        TEST(test_updates_do_not_undo_each_other),
	        TEST(test_reclaiming_is_part_of_the_registration),
	        TEST(test_one_registration_may_reclaim_three),
	        TEST(test_order),
	        TEST(test_completion_begins_another),
	        TEST(test_wrong_secrets_do_not_wait),
	        TEST(test_heartbeats_go_on),
	        TEST(test_two_networks_with_one_prefix),
	        TEST(test_network_goes_in_its_turn),
	        TEST(test_close),
	        TEST(test_keys_age_while_the_store_is_slow),
	        TEST(test_last_seen_while_it_is_written),
	        TEST(test_commits_hold_nothing_of_the_state),
	        TEST(test_origin_is_the_changes_own),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
