/* SPDX-License-Identifier: Apache-2.0 */
/* Changes over a store that stores nothing, in virtual time: their effects on netmaps, on the
 * revision and on the store. */
#include <errno.h>
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
#include "server/netmap/compose.h"
#include "server/netmap/sight.h"
#include "server/state/reclaim.h"
#include "server/state/roster.h"
#include "server/state/seen.h"
#include "server/state/state.h"
#include "server/state/watcher.h"
#include "server_changes.h"
#include "server_null_store.h"
#include "json/json.h"

enum {
	NOW = 1700000000
};

#define AT(when) (&(const struct origin){.now = (when)})
/* The origin of the i-th stranger, who comes some time after the one before. */
#define STRANGER(i, when)                                                                          \
	(&(const struct origin){.now = (when),                                                     \
	                        .now_ns = (uint64_t)(i)*10 * LS_NS_PER_S,                          \
	                        .source = {.family = LS_FAMILY_V4,                                 \
	                                   .b = {10, (uint8_t)((i) >> 8), (uint8_t)(i), 1}}})
#define FROM(from, when) (&(const struct origin){.now = (when), .source = (from)})

struct fixture {
	struct null_store store;
	struct server_state *state;
	struct network *network;
	struct token *token;
	char secret[SECRET_TEXT]; /* of the token */
	struct ended ended;       /* how the last change ended */
	struct state_watcher watcher;
	unsigned woken;
	unsigned gone;
	unsigned made; /* nodes */
};

static void count_changed(void *context, struct network *network)
{
	struct fixture *f = context;

	(void)network;
	f->woken++;
}

static void count_gone(void *context, struct node *node)
{
	struct fixture *f = context;

	(void)node;
	f->gone++;
}

static void use_network(struct fixture *f, const struct network_create *request)
{
	struct ended *e = &f->ended;

	assert_int_equal(CHANGE(e, state_network_create, f->state, request, AT(NOW)), 0);
	f->network = e->network;
	f->token = e->token;
	memcpy(f->secret, e->secrets.enrolment_token, sizeof(f->secret));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct network_create request = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct ls_fail fail;

	assert_non_null(f);
	null_store_init(&f->store);
	assert_int_equal(state_open(&f->store.store, NOW, &f->state, &fail), 0);
	f->watcher = (struct state_watcher){
	        .context = f, .network_changed = count_changed, .node_gone = count_gone};
	state_watch(f->state, &f->watcher);
	use_network(f, &request);
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

static int try_register(struct fixture *f, const char *name, struct node **ret)
{
	struct register_request request = {.token = f->secret, .node_name = name};
	int r;

	request.machine_public_key.b[0] = request.wg_public_key.b[0] = 1;
	request.wg_public_key.b[1] = (uint8_t)f->made;
	request.wg_public_key.b[2] = (uint8_t)(f->made >> 8);
	r = CHANGE(&f->ended, state_register, f->state, &request, AT(NOW));
	if (r == 0) {
		f->made++;
		*ret = f->ended.node;
	}
	return r;
}

static struct node *add_node(struct fixture *f, const char *name)
{
	struct node *node = NULL;

	assert_int_equal(try_register(f, name, &node), 0);
	return node;
}

/* The node's netmap as a client reads it. */
static struct netmap *netmap_of(struct node *node, int64_t now)
{
	struct evbuffer *out = evbuffer_new();
	struct text *relay = state_text_from_string("null");
	struct netmap *map = NULL;
	struct ls_fail fail;
	json_t *json = NULL;
	size_t shared = 0;
	int r;

	assert_int_equal(netmap_compose(node, relay, now, out, &shared), 0);
	r = json_parse((const char *)evbuffer_pullup(out, -1), evbuffer_get_length(out), SIZE_MAX,
	               "netmap", &json, &fail);
	if (r == 0)
		r = proto_netmap_decode(json, &map, &fail);
	if (r < 0)
		fail_msg("%s", fail.text);
	json_decref(json);
	state_text_unref(relay);
	evbuffer_free(out);
	return map;
}

static size_t peer_count(struct node *node)
{
	struct netmap *map = netmap_of(node, NOW);
	size_t n = map->peer_count;

	proto_netmap_free(map);
	return n;
}

static bool sees(struct node *node, const char *name)
{
	struct netmap *map = netmap_of(node, NOW);
	bool found = false;

	for (size_t i = 0; i < map->peer_count; i++)
		found = found || strcmp(map->peers[i].name, name) == 0;
	proto_netmap_free(map);
	return found;
}

static void set_policy(struct fixture *f, const char *text)
{
	struct ls_arena *arena = ls_arena_new(1 << 20);
	json_t *json = json_loads(text, 0, NULL);
	struct acl_policy policy;
	struct ls_fail fail;

	assert_non_null(json);
	assert_int_equal(proto_acl_policy_decode(json, arena, &policy, &fail), 0);
	assert_int_equal(CHANGE(&f->ended, state_acl_set, f->state, f->network, &policy, AT(NOW)),
	                 0);
	json_decref(json);
	ls_arena_free(arena);
}

static void test_sight_is_mutual(void **state)
{
	static const struct {
		const char *policy;
		bool ab;
		bool ac;
	} cases[] = {
	        {"{}", true, true},
	        {"{\"rules\":[{\"action\":\"allow\",\"src\":{},\"dst\":{}}]}", true, true},
	        {"{\"default_action\":\"deny\"}", false, false},
	        {"{\"rules\":[{\"action\":\"deny\",\"src\":{\"names\":[\"a\"]},"
	         "\"dst\":{\"names\":[\"b\"]}}]}",
	         false, true},
	        {"{\"rules\":[{\"action\":\"deny\",\"src\":{\"names\":[\"B\"]},"
	         "\"dst\":{\"names\":[\"A\"]}}]}",
	         false, true},
	        {"{\"default_action\":\"deny\",\"rules\":[{\"action\":\"allow\","
	         "\"src\":{\"names\":[\"a\",\"c\"]},\"dst\":{\"names\":[\"a\",\"c\"]}},"
	         "{\"action\":\"allow\",\"src\":{\"names\":[\"a\"]},\"dst\":{\"any\":true}}]}",
	         false, true},
	};
	struct fixture *f = *state;
	struct node *a = add_node(f, "a"), *b = add_node(f, "b"), *c = add_node(f, "c");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_policy(f, cases[i].policy);
		assert_int_equal(sees(a, "b"), cases[i].ab);
		assert_int_equal(sees(b, "a"), cases[i].ab);
		assert_int_equal(sees(a, "c"), cases[i].ac);
		assert_int_equal(sees(c, "a"), cases[i].ac);
		assert_false(sees(a, "a"));
	}
}

/* One change re-encodes one node and joins one group again; all else is shared. */
static void test_pieces_are_encoded_once_a_change(void **state)
{
	struct fixture *f = *state;
	struct node *nodes[ROSTER_GROUP * 2 + 1];
	struct text *own, *second, *groups[3];
	struct heartbeat beat = {.listen_port = 7};
	struct ls_ip source;
	char name[16];
	const struct network_create request = {
	        .name = "large", .token_ttl_seconds = 9, .token_uses = 1000000};
	struct network_create large = request;

	assert_int_equal(ls_prefix_parse("10.0.0.0/16", &large.overlay_v4), 0);
	use_network(f, &large);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		(void)snprintf(name, sizeof(name), "n%zu", i);
		nodes[i] = add_node(f, name);
	}
	assert_int_equal(peer_count(nodes[0]), ROSTER_GROUP * 2);
	assert_int_equal(peer_count(nodes[ROSTER_GROUP * 2]), ROSTER_GROUP * 2);
	for (size_t i = 0; i < 3; i++)
		groups[i] = f->network->roster->groups[i]->all.text;
	/* Held, so that the new text cannot come to lie at the same place. */
	own = state_text_ref(nodes[3]->peer_text);
	(void)state_text_ref(groups[0]);
	second = nodes[4]->peer_text;
	assert_int_equal(ls_ip_parse("192.0.2.9", &source), 0);
	beat.node_id = nodes[3]->id;
	assert_int_equal(
	        CHANGE(&f->ended, state_heartbeat, f->state, nodes[3], &beat, FROM(source, NOW)),
	        0);
	assert_int_equal(peer_count(nodes[ROSTER_GROUP * 2]), ROSTER_GROUP * 2);
	assert_ptr_not_equal(f->network->roster->groups[0]->all.text, groups[0]);
	assert_true(nodes[3]->peer_text && nodes[3]->peer_text != own);
	assert_ptr_equal(nodes[4]->peer_text, second);
	assert_ptr_equal(f->network->roster->groups[1]->all.text, groups[1]);
	state_text_unref(own);
	state_text_unref(groups[0]);
}

static void test_heartbeat_that_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct node *a = add_node(f, "a"), *b = add_node(f, "b");
	const char *endpoints[] = {"192.0.2.1:1", "[2001:db8::1]:2"};
	struct heartbeat beat = {
	        .node_id = a->id, .endpoints = {.items = endpoints, .count = 2}, .listen_port = 9};
	struct ls_ip source;
	uint64_t revision;
	size_t commits;

	assert_int_equal(ls_ip_parse("2001:db8::9", &source), 0);
	assert_int_equal(CHANGE(&f->ended, state_heartbeat, f->state, a, &beat, FROM(source, NOW)),
	                 0);
	assert_string_equal(a->record->info.peer.endpoints.items[0], "[2001:db8::9]:9");
	assert_int_equal(a->record->info.peer.endpoints.count, 3);
	revision = f->network->record->revision;
	commits = f->store.commits;
	f->woken = 0;
	for (int i = 1; i < 50; i++)
		assert_int_equal(CHANGE(&f->ended, state_heartbeat, f->state, a, &beat,
		                        FROM(source, NOW + i)),
		                 0);
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(f->store.commits, commits);
	assert_int_equal(f->woken, 0);
	assert_int_equal(a->last_seen, NOW + 49);
	/* Written as one, when it is due, without a new revision. */
	state_set_time(f->state, (NOW + INT64_C(50)) * 1000, 0);
	assert_int_equal(
	        CHANGE(&f->ended, state_heartbeat, f->state, b, &beat, FROM(source, NOW + 50)), 0);
	commits = f->store.commits;
	state_tick(f->state, NOW + 55);
	assert_int_equal(f->store.commits, commits);
	assert_int_equal(state_deadline(f->state), NOW + 1 + STATE_SEEN_FLUSH_S);
	state_tick(f->state, NOW + 1 + STATE_SEEN_FLUSH_S);
	assert_int_equal(f->store.commits, commits + 1);
	assert_int_equal(f->store.last_count, 2);
	assert_int_equal(state_deadline(f->state), STATE_NEVER);
}

static void test_probe_is_told_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct node *a = add_node(f, "a"), *b = add_node(f, "b");
	struct heartbeat beat = {.node_id = a->id, .probe = true};
	struct netmap *map;
	uint64_t revision = f->network->record->revision;

	assert_int_equal(CHANGE(&f->ended, state_heartbeat, f->state, a, &beat, AT(NOW)), 0);
	assert_int_equal(f->network->record->revision, revision);
	assert_true(netmap_has_news_of_probes(b, NOW + 29));
	assert_false(netmap_has_news_of_probes(b, NOW + 30));
	assert_false(netmap_has_news_of_probes(a, NOW));
	map = netmap_of(b, NOW + 29);
	assert_false(netmap_has_news_of_probes(b, NOW + 29));
	assert_int_equal(map->probe_count, 1);
	assert_string_equal(map->probes[0].peer_id, a->id);
	proto_netmap_free(map);
	map = netmap_of(b, NOW + 30);
	assert_int_equal(map->probe_count, 0);
	proto_netmap_free(map);
	map = netmap_of(a, NOW);
	assert_int_equal(map->probe_count, 0);
	proto_netmap_free(map);
}

static void test_keys_come_of_age(void **state)
{
	struct fixture *f = *state;
	struct node *a = add_node(f, "a");
	struct key_policy policy = {.has_max_age = true, .max_age_seconds = 100};
	struct key_rotation rotation = {.has_wg = true, .has_machine = true};
	uint64_t revision;

	(void)add_node(f, "b");
	assert_int_equal(
	        CHANGE(&f->ended, state_key_policy_set, f->state, f->network, &policy, AT(NOW)), 0);
	assert_int_equal(state_deadline(f->state), NOW + 101);
	revision = f->network->record->revision;
	state_tick(f->state, NOW + 100);
	assert_true(a->active);
	f->woken = 0;
	state_tick(f->state, NOW + 101);
	assert_false(a->active);
	assert_true(a->rotation_required);
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->store.last_revision, revision + 1);
	assert_int_equal(f->woken, 1);
	assert_int_equal(peer_count(a), 0);
	assert_int_equal(state_deadline(f->state), STATE_NEVER);
	/* Both keys are old, so one new one is not enough. */
	rotation.has_machine = false;
	rotation.wg_public_key.b[5] = 5;
	assert_int_equal(
	        CHANGE(&f->ended, state_keys_rotate, f->state, a, &rotation, AT(NOW + 110)), 0);
	assert_false(a->active);
	rotation = (struct key_rotation){.has_machine = true, .machine_public_key.b = {9}};
	assert_int_equal(
	        CHANGE(&f->ended, state_keys_rotate, f->state, a, &rotation, AT(NOW + 120)), 0);
	assert_true(a->active);
	assert_int_equal(state_deadline(f->state), NOW + 110 + 101);
}

/* The nodes are out of force in time even when the store cannot take the new revision; the others
 * are told when it can. */
static void test_keys_come_of_age_on_a_full_disk(void **state)
{
	struct fixture *f = *state;
	struct node *a = add_node(f, "a");
	struct key_policy policy = {.has_max_age = true, .max_age_seconds = 100};
	uint64_t revision;

	assert_int_equal(
	        CHANGE(&f->ended, state_key_policy_set, f->state, f->network, &policy, AT(NOW)), 0);
	revision = f->network->record->revision;
	f->store.fail_with = -ENOSPC;
	f->woken = 0;
	state_tick(f->state, NOW + 101);
	assert_false(a->active);
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(f->woken, 0);
	assert_int_equal(state_deadline(f->state), NOW + 106);
	f->store.fail_with = 0;
	state_tick(f->state, NOW + 106);
	assert_int_equal(f->network->record->revision, revision + 1);
	assert_int_equal(f->woken, 1);
	assert_int_equal(state_deadline(f->state), STATE_NEVER);
}

static int do_register(struct fixture *f, struct node *node)
{
	struct node *made;

	(void)node;
	return try_register(f, "fresh", &made);
}

static int do_rename(struct fixture *f, struct node *node)
{
	const struct node_update update = {.name = "fresh"};

	return CHANGE(&f->ended, state_node_update, f->state, node, &update, AT(NOW));
}

static int do_revoke(struct fixture *f, struct node *node)
{
	return CHANGE(&f->ended, state_node_revoke, f->state, node, AT(NOW));
}

static int do_delete(struct fixture *f, struct node *node)
{
	return CHANGE(&f->ended, state_node_delete, f->state, node, AT(NOW));
}

static int do_rotate(struct fixture *f, struct node *node)
{
	const struct key_rotation rotation = {.has_wg = true, .wg_public_key.b = {77}};

	return CHANGE(&f->ended, state_keys_rotate, f->state, node, &rotation, AT(NOW));
}

static int do_heartbeat(struct fixture *f, struct node *node)
{
	const struct heartbeat beat = {.node_id = node->id, .listen_port = 5, .probe = true};
	const struct ls_ip source = {.family = LS_FAMILY_V4, .b = {10, 1, 1, 1}};

	return CHANGE(&f->ended, state_heartbeat, f->state, node, &beat, FROM(source, NOW));
}

static int do_acl(struct fixture *f, struct node *node)
{
	const struct acl_policy policy = {.default_action = ACL_DENY};

	(void)node;
	return CHANGE(&f->ended, state_acl_set, f->state, f->network, &policy, AT(NOW));
}

static int do_policy(struct fixture *f, struct node *node)
{
	const struct key_policy policy = {.has_max_age = true, .max_age_seconds = 5};

	(void)node;
	return CHANGE(&f->ended, state_key_policy_set, f->state, f->network, &policy, AT(NOW));
}

static int do_token(struct fixture *f, struct node *node)
{
	const struct token_create request = {.ttl_seconds = 5, .uses = 1};

	(void)node;
	return CHANGE(&f->ended, state_token_create, f->state, f->network, &request, AT(NOW));
}

static int do_token_revoke(struct fixture *f, struct node *node)
{
	(void)node;
	return CHANGE(&f->ended, state_token_revoke, f->state, f->token, AT(NOW));
}

static int do_network(struct fixture *f, struct node *node)
{
	const struct network_create request = {
	        .name = "x", .token_ttl_seconds = 5, .token_uses = 1};

	(void)node;
	return CHANGE(&f->ended, state_network_create, f->state, &request, AT(NOW));
}

typedef int (*do_change)(struct fixture *f, struct node *node);

static size_t count_networks(struct fixture *f)
{
	size_t n = 0, cursor = 0;

	while (state_next_network(f->state, &cursor))
		n++;
	return n;
}

/* A change that the store refuses leaves everything as it was, and works when the store does. */
static void test_failed_commit_changes_nothing(void **state)
{
	static const do_change changes[] = {do_register,     do_rename,  do_revoke, do_rotate,
	                                    do_heartbeat,    do_acl,     do_policy, do_token,
	                                    do_token_revoke, do_network, do_delete};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char name[16];
		struct node *a, *b;
		struct netmap *before, *after;
		json_t *x, *y;
		size_t networks;

		tear_down(state);
		set_up(state);
		f = *state;
		(void)snprintf(name, sizeof(name), "n%zu", i);
		a = add_node(f, name);
		b = add_node(f, "other");
		before = netmap_of(b, NOW);
		networks = count_networks(f);
		f->woken = f->gone = 0;
		f->store.fail_with = -ENOSPC;
		assert_int_equal(changes[i](f, a), -ENOSPC);
		after = netmap_of(b, NOW);
		x = proto_netmap_encode(before);
		y = proto_netmap_encode(after);
		assert_true(json_equal(x, y));
		assert_int_equal(count_networks(f), networks);
		assert_int_equal(f->woken + f->gone, 0);
		assert_int_equal(f->token->record->uses_left, 1000000 - 2);
		assert_int_equal(f->token->record->revoked_at, 0);
		f->store.fail_with = 0;
		assert_int_equal(changes[i](f, a), 0);
		json_decref(x);
		json_decref(y);
		proto_netmap_free(before);
		proto_netmap_free(after);
	}
}

static void test_default_prefixes_do_not_overlap(void **state)
{
	struct fixture *f = *state;
	const struct network_create request = {.name = "many"};
	struct network *made[200];

	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(
		        CHANGE(&f->ended, state_network_create, f->state, &request, AT(NOW)), 0);
		assert_null(f->ended.token);
		made[i] = f->ended.network;
		for (size_t k = 0; k < i; k++) {
			assert_false(ls_prefix_overlaps(&made[i]->record->info.overlay_v4,
			                                &made[k]->record->info.overlay_v4));
			assert_false(ls_prefix_overlaps(&made[i]->record->info.overlay_v6,
			                                &made[k]->record->info.overlay_v6));
		}
	}
}

static void test_pending_nodes_are_limited(void **state)
{
	struct fixture *f = *state;
	const struct network_create create = {.name = "open"};
	struct network_create large = create;
	struct register_url_request request = {.ttl_seconds = 60, .machine_public_key.b = {1}};
	struct ended made;
	struct node *node = NULL;
	char name[16];
	int r = 0;

	assert_int_equal(ls_prefix_parse("10.0.0.0/16", &large.overlay_v4), 0);
	use_network(f, &large);
	request.network_id = f->network->id;
	for (int i = 0; r == 0 && i <= STATE_PENDING_MAX; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		request.node_name = name;
		request.wg_public_key.b[0] = (uint8_t)(i + 1);
		request.wg_public_key.b[1] = (uint8_t)((i >> 8) + 1);
		r = CHANGE(&made, state_register_url, f->state, &request, STRANGER(i, NOW));
		node = r == 0 ? made.node : node;
	}
	assert_int_equal(r, LS_ERROR_CONFLICT);
	assert_int_equal(f->network->pending, STATE_PENDING_MAX);
	/* One less waits when one is approved, or deleted. */
	assert_int_equal(CHANGE(&f->ended, state_approve, f->state, node, AT(NOW)), 0);
	assert_int_equal(f->network->pending, STATE_PENDING_MAX - 1);
	assert_int_equal(CHANGE(&made, state_register_url, f->state, &request,
	                        STRANGER(STATE_PENDING_MAX, NOW)),
	                 0);
	assert_int_equal(CHANGE(&f->ended, state_node_delete, f->state, made.node, AT(NOW)), 0);
	assert_int_equal(f->network->pending, STATE_PENDING_MAX - 1);
}

/* Strangers who ask to join wake nobody, and what they asked for is free again after a while. */
/* last_seen does not wait for the old time to come back when the clock is set back. */
static void test_expired_requests_make_room(void **state)
{
	struct fixture *f = *state;
	struct register_url_request request = {.network_id = f->network->id,
	                                       .node_name = "laptop",
	                                       .ttl_seconds = 60,
	                                       .machine_public_key.b = {1},
	                                       .wg_public_key.b = {9}};
	struct ended first, second;
	uint64_t revision = f->network->record->revision;
	unsigned woken = f->woken;
	size_t made = 1;
	char name[16];

	assert_int_equal(CHANGE(&first, state_register_url, f->state, &request, AT(NOW)), 0);
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(f->woken, woken);
	/* Name and key are held while the request can be approved. */
	assert_int_equal(CHANGE(&second, state_register_url, f->state, &request, AT(NOW + 59)),
	                 LS_ERROR_CONFLICT);
	assert_int_equal(CHANGE(&second, state_register_url, f->state, &request, AT(NOW + 60)), 0);
	assert_int_equal(f->gone, 1);
	/* When enough wait, the oldest makes room for one who comes later, one at a time. */
	for (int r = 0; r == 0; made += r == 0) {
		(void)snprintf(name, sizeof(name), "p%zu", made);
		request.node_name = name;
		request.wg_public_key.b[0] = 7;
		request.wg_public_key.b[1] = (uint8_t)made;
		r = CHANGE(&second, state_register_url, f->state, &request,
		           STRANGER(made, NOW + 61));
	}
	assert_int_equal(made, 123); /* half of offsets 10 to 254 of the /24 */
	assert_int_equal(
	        CHANGE(&second, state_register_url, f->state, &request, STRANGER(made, NOW + 119)),
	        LS_ERROR_CONFLICT);
	assert_int_equal(
	        CHANGE(&second, state_register_url, f->state, &request, STRANGER(made, NOW + 120)),
	        0);
	assert_int_equal(f->gone, 2);
	assert_int_equal(f->network->pending, 123);
	/* Who has a token gets in all the same. */
	assert_non_null(add_node(f, "invited"));
}

/* A node that waits is in nobody's netmap, and so are its heartbeats. */
static void test_waiting_nodes_wake_nobody(void **state)
{
	struct fixture *f = *state;
	struct register_url_request request = {.network_id = f->network->id,
	                                       .node_name = "stranger",
	                                       .ttl_seconds = 60,
	                                       .machine_public_key.b = {1},
	                                       .wg_public_key.b = {9}};
	struct heartbeat beat = {.listen_port = 7, .probe = true};
	struct ls_ip source = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 1}};
	struct ended made;
	struct netmap *map;
	uint64_t revision;
	unsigned woken;

	assert_int_equal(CHANGE(&made, state_register_url, f->state, &request, AT(NOW)), 0);
	revision = f->network->record->revision;
	woken = f->woken;
	assert_int_equal(
	        CHANGE(&f->ended, state_heartbeat, f->state, made.node, &beat, FROM(source, NOW)),
	        0);
	assert_int_equal(f->network->record->revision, revision);
	assert_int_equal(f->woken, woken);
	/* What it said is kept for when it is approved. */
	assert_int_equal(CHANGE(&f->ended, state_approve, f->state, made.node, AT(NOW)), 0);
	map = netmap_of(made.node, NOW);
	assert_int_equal(map->node.peer.endpoints.count, 1);
	assert_string_equal(map->node.peer.endpoints.items[0], "192.0.2.1:7");
	proto_netmap_free(map);
}

/* Every change says who made it: the one that the request was authorised as, or whose secret it
 * brought along; never more than that. */
static void test_audit_says_who(void **state)
{
	const struct ls_ip source = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 7}};
	const struct origin stranger = {.now = NOW, .source = source};
	const struct origin admin = state_origin_as(&stranger, ACTOR_ADMIN, NULL);
	const struct key_rotation rotation = {.has_wg = true, .wg_public_key.b = {77}};
	const struct heartbeat beat = {.listen_port = 5};
	struct fixture *f = *state;
	const char *network = f->network->id;
	const struct register_request request = {
	        .token = f->secret, .node_name = "a", .wg_public_key.b = {1}};
	const struct register_url_request by_url = {
	        .network_id = network, .node_name = "b", .ttl_seconds = 60, .wg_public_key.b = {2}};
	struct ended first, second;
	struct origin self;
	char expected[128];

	assert_int_equal(CHANGE(&first, state_register, f->state, &request, &stranger), 0);
	(void)snprintf(expected, sizeof(expected),
	               "node.register by enrolment_token %s from 192.0.2.7", f->token->id);
	assert_string_equal(f->store.last_audit, expected);
	assert_int_equal(CHANGE(&second, state_register_url, f->state, &by_url, &stranger), 0);
	assert_string_equal(f->store.last_audit, "node.register_url by anyone - from 192.0.2.7");
	assert_int_equal(
	        state_link_check(second.node, second.secrets.approval, NOW, &f->ended.fail), 0);
	assert_int_equal(CHANGE(&f->ended, state_approve_by_link, f->state, second.node, &stranger),
	                 0);
	(void)snprintf(expected, sizeof(expected),
	               "node.approve by approval_link %s from 192.0.2.7", second.node->id);
	assert_string_equal(f->store.last_audit, expected);
	assert_int_equal(CHANGE(&f->ended, state_token_revoke, f->state, f->token, &admin), 0);
	assert_string_equal(f->store.last_audit, "token.revoke by admin - from 192.0.2.7");
	self = state_origin_as(AT(NOW), ACTOR_NODE, first.node->id);
	assert_int_equal(
	        CHANGE(&f->ended, state_keys_rotate, f->state, first.node, &rotation, &self), 0);
	(void)snprintf(expected, sizeof(expected), "keys.rotate by node %s from -", first.node->id);
	assert_string_equal(f->store.last_audit, expected);
	/* Heartbeats are no entries, even those that are written. */
	assert_int_equal(CHANGE(&f->ended, state_heartbeat, f->state, first.node, &beat, &stranger),
	                 0);
	assert_string_equal(f->store.last_audit, "");
}

/* Whoever stands in the way of a new node goes by the server's hand, not by the newcomer's; and
 * only when the newcomer gets in. */
static void test_reclaiming_is_the_servers_own(void **state)
{
	struct fixture *f = *state;
	const struct register_url_request by_url = {.network_id = f->network->id,
	                                            .node_name = "b",
	                                            .ttl_seconds = 60,
	                                            .wg_public_key.b = {2}};
	struct register_request request = {
	        .token = f->secret, .node_name = "taken", .wg_public_key.b = {2}};
	const struct ls_ip source = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 7}};
	struct ended made, second;
	char expected[160];
	size_t commits;

	(void)add_node(f, "taken");
	assert_int_equal(CHANGE(&made, state_register_url, f->state, &by_url, FROM(source, NOW)),
	                 0);
	commits = f->store.commits;
	/* Its key would make room; its name does not get it in. */
	assert_int_equal(
	        CHANGE(&second, state_register, f->state, &request, FROM(source, NOW + 60)),
	        LS_ERROR_CONFLICT);
	assert_int_equal(f->gone, 0);
	assert_int_equal(f->store.commits, commits);
	assert_ptr_equal(state_node(f->state, made.node->id), made.node);
	request.node_name = "fresh";
	assert_int_equal(
	        CHANGE(&second, state_register, f->state, &request, FROM(source, NOW + 60)), 0);
	assert_int_equal(f->gone, 1);
	assert_int_equal(f->store.commits, commits + 1);
	(void)snprintf(expected, sizeof(expected),
	               "node.delete by server - from -; "
	               "node.register by enrolment_token %s from 192.0.2.7",
	               f->token->id);
	assert_string_equal(f->store.last_audit, expected);
}

/* Every watcher hears of every change, and one that has left hears of none. */
static void test_watchers_come_and_go(void **state)
{
	struct fixture *f = *state, other = {0};
	struct state_watcher second = {.context = &other, .node_gone = count_gone};
	struct node *a = add_node(f, "a");

	state_watch(f->state, &second);
	assert_int_equal(CHANGE(&f->ended, state_node_delete, f->state, a, AT(NOW)), 0);
	assert_int_equal(f->gone, 1);
	assert_int_equal(other.gone, 1);
	assert_int_equal(other.woken, 0);
	state_unwatch(&second);
	a = add_node(f, "a");
	assert_int_equal(CHANGE(&f->ended, state_node_delete, f->state, a, AT(NOW)), 0);
	assert_int_equal(f->gone, 2);
	assert_int_equal(other.gone, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_sight_is_mutual, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_pieces_are_encoded_once_a_change, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_heartbeat_that_changes_nothing, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_probe_is_told_for_a_while, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_keys_come_of_age, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_keys_come_of_age_on_a_full_disk, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_failed_commit_changes_nothing, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_default_prefixes_do_not_overlap, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_pending_nodes_are_limited, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_expired_requests_make_room, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_waiting_nodes_wake_nobody, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_audit_says_who, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_reclaiming_is_the_servers_own, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_watchers_come_and_go, set_up, tear_down),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
