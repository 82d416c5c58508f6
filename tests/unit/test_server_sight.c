/* SPDX-License-Identifier: Apache-2.0 */
/* Who sees whom, after many changes, against the policy's own evaluation; and that viewers who see
 * the same share the text of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "chance.h"
#include "crypto/keys.h"
#include "server/netmap/compose.h"
#include "server/state/classes.h"
#include "server/state/roster.h"
#include "server/state/state.h"
#include "server_changes.h"
#include "server_null_store.h"
#include "json/json.h"

enum {
	NOW = 1700000000,
	NODES_MAX = 600,
	TAGS = 6,
	OWN_MAX = 16 << 10, /* bytes of a netmap that are its own, with the references */
};

static struct chance dice = {.state = 1};

#define AT(when) (&(const struct origin){.now = (when)})

struct world {
	struct null_store store;
	struct server_state *state;
	struct network *network;
	char secret[SECRET_TEXT];
	struct ended ended;
	struct node *nodes[NODES_MAX];
	size_t count;
	unsigned made;
	struct text *relay;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct network_create request = {
	        .name = "net", .token_ttl_seconds = 1000000, .token_uses = 1000000};
	struct ls_fail fail;

	assert_non_null(w);
	null_store_init(&w->store);
	w->relay = state_text_from_string("null");
	assert_int_equal(ls_prefix_parse("10.0.0.0/16", &request.overlay_v4), 0);
	assert_int_equal(state_open(&w->store.store, NOW, &w->state, &fail), 0);
	assert_int_equal(CHANGE(&w->ended, state_network_create, w->state, &request, AT(NOW)), 0);
	w->network = w->ended.network;
	memcpy(w->secret, w->ended.secrets.enrolment_token, sizeof(w->secret));
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	state_close(w->state);
	state_text_unref(w->relay);
	free(w);
	return 0;
}

static void add_node(struct world *w)
{
	struct register_request request = {.token = w->secret};
	char name[16];

	(void)snprintf(name, sizeof(name), "n%u", w->made);
	request.node_name = name;
	request.machine_public_key.b[0] = request.wg_public_key.b[0] = 1;
	memcpy(request.wg_public_key.b + 1, &w->made, sizeof(w->made));
	w->made++;
	assert_int_equal(CHANGE(&w->ended, state_register, w->state, &request, AT(NOW)), 0);
	w->nodes[w->count++] = w->ended.node;
}

static void add_nodes(struct world *w, size_t count)
{
	while (w->count < count)
		add_node(w);
}

static void tag(struct world *w, struct node *node, const char *const *tags, size_t count)
{
	const struct node_update update = {.has_tags = true,
	                                   .tags = {.items = tags, .count = count}};

	assert_int_equal(CHANGE(&w->ended, state_node_update, w->state, node, &update, AT(NOW)), 0);
}

static void set_policy(struct world *w, const struct acl_policy *policy)
{
	assert_int_equal(CHANGE(&w->ended, state_acl_set, w->state, w->network, policy, AT(NOW)),
	                 0);
}

/* --- who sees whom --- */

static const char *const tag_names[TAGS] = {"a", "b", "c", "d", "e", "f"};

static void any_tags(struct world *w, struct node *node)
{
	const char *tags[TAGS];
	size_t n = 0;

	for (size_t i = 0; i < TAGS; i++) {
		if (chance_below(&dice, 3) == 0)
			tags[n++] = tag_names[i];
	}
	tag(w, node, tags, n);
}

/* Up to 70 rules, so that they fill more than one word. */
static void any_policy(struct world *w)
{
	struct acl_rule rules[70];
	const char *items[70][2];
	struct acl_policy policy = {.default_action = chance_below(&dice, 2) ? ACL_ALLOW : ACL_DENY,
	                            .sight = (enum acl_sight)chance_below(&dice, 3),
	                            .rules = rules,
	                            .rule_count = chance_below(&dice, 3) == 0
	                                                  ? chance_below(&dice, 70)
	                                                  : chance_below(&dice, 4)};

	for (size_t i = 0; i < policy.rule_count; i++) {
		struct acl_selector *sides[] = {&rules[i].src, &rules[i].dst};

		rules[i] =
		        (struct acl_rule){.action = chance_below(&dice, 2) ? ACL_ALLOW : ACL_DENY};
		for (size_t k = 0; k < 2; k++) {
			const struct node *node = w->nodes[chance_below(&dice, (unsigned)w->count)];
			struct string_list one = {.items = &items[i][k], .count = 1};

			items[i][k] = tag_names[chance_below(&dice, TAGS)];
			switch (chance_below(&dice, 8)) {
			case 0:
				sides[k]->any = true;
				break;
			case 1:
				items[i][k] = node->record->info.peer.name;
				sides[k]->names = one;
				break;
			case 2:
				items[i][k] = node->id;
				sides[k]->node_ids = one;
				break;
			default:
				sides[k]->tags = one;
			}
		}
	}
	set_policy(w, &policy);
}

static void any_change(struct world *w)
{
	size_t i = chance_below(&dice, (unsigned)w->count);
	struct node *node = w->nodes[i];
	struct heartbeat beat = {.node_id = node->id, .listen_port = 1};
	struct node_update update = {.name = "renamed"};
	struct ls_ip source;
	char name[16];

	switch (chance_below(&dice, 10)) {
	case 0:
		any_policy(w);
		break;
	case 1:
	case 2:
	case 3:
		any_tags(w, node);
		break;
	case 4:
		(void)snprintf(name, sizeof(name), "r%u", w->made++);
		update.name = name;
		assert_int_equal(
		        CHANGE(&w->ended, state_node_update, w->state, node, &update, AT(NOW)), 0);
		break;
	case 5:
		assert_int_equal(CHANGE(&w->ended, state_node_revoke, w->state, node, AT(NOW)), 0);
		break;
	case 6:
		assert_int_equal(CHANGE(&w->ended, state_node_delete, w->state, node, AT(NOW)), 0);
		w->nodes[i] = w->nodes[--w->count];
		add_node(w);
		break;
	default:
		assert_int_equal(ls_ip_parse("192.0.2.1", &source), 0);
		source.b[3] = (uint8_t)chance_below(&dice, 200);
		assert_int_equal(CHANGE(&w->ended, state_heartbeat, w->state, node, &beat,
		                        &(struct origin){.now = NOW, .source = source}),
		                 0);
	}
}

static struct acl_subject subject_of(const struct node *node)
{
	const struct peer_info *peer = &node->record->info.peer;

	return (struct acl_subject){.id = peer->id, .name = peer->name, .tags = peer->tags};
}

static bool should_see(const struct node *a, const struct node *b)
{
	struct acl_subject x = subject_of(a), y = subject_of(b);

	return a != b && a->active && b->active && proto_acl_sees(&a->network->policy, &x, &y);
}

static const struct peer_info *find_peer(const struct netmap *map, const char *id)
{
	for (size_t i = 0; i < map->peer_count; i++) {
		if (strcmp(map->peers[i].id, id) == 0)
			return &map->peers[i];
	}
	return NULL;
}

static void check_peers(struct world *w, struct node *viewer)
{
	struct evbuffer *out = evbuffer_new();
	struct netmap *map = NULL;
	size_t shared = 0, n = 0;
	struct ls_fail fail;
	struct node *node;
	json_t *json = NULL;

	assert_int_equal(netmap_compose(viewer, w->relay, NOW, out, &shared), 0);
	assert_true(shared <= evbuffer_get_length(out));
	if (json_parse((const char *)evbuffer_pullup(out, -1), evbuffer_get_length(out), SIZE_MAX,
	               "netmap", &json, &fail) < 0 ||
	    proto_netmap_decode(json, &map, &fail) < 0)
		fail_msg("%s", fail.text);
	for (size_t slot = 0; (node = state_roster_next(w->network->roster, &slot)); slot++) {
		const struct peer_info *peer = find_peer(map, node->id);

		if (!should_see(viewer, node))
			continue;
		assert_non_null(peer);
		assert_int_equal(peer->endpoints.count, node->record->info.peer.endpoints.count);
		if (peer->endpoints.count > 0)
			assert_string_equal(peer->endpoints.items[0],
			                    node->record->info.peer.endpoints.items[0]);
		n++;
	}
	assert_int_equal(map->peer_count, n);
	proto_netmap_free(map);
	json_decref(json);
	evbuffer_free(out);
}

static void everybody_sees_what_the_policy_allows(void **state)
{
	struct world *w = *state;

	add_nodes(w, ROSTER_GROUP + 40);
	for (size_t i = 0; i < w->count; i++)
		any_tags(w, w->nodes[i]);
	for (unsigned round = 0; round < 80; round++) {
		if (round % 10 == 0)
			any_policy(w);
		else
			any_change(w);
		/* Some have looked before, some have not. */
		for (unsigned i = 0; i < 12; i++)
			check_peers(w,
			            w->nodes[i < 8 ? i : chance_below(&dice, (unsigned)w->count)]);
	}
}

/* --- sharing --- */

/* Composes the netmaps of all nodes and keeps them, as slow readers do. Returns how many bytes are
 * not shared, and how many bytes they have. */
static size_t keep_all(struct world *w, struct evbuffer **outs, size_t *ret_len)
{
	size_t own = 0;

	*ret_len = 0;
	for (size_t i = 0; i < w->count; i++) {
		size_t shared = 0, len;

		outs[i] = evbuffer_new();
		assert_int_equal(netmap_compose(w->nodes[i], w->relay, NOW, outs[i], &shared), 0);
		len = evbuffer_get_length(outs[i]);
		own += len - shared;
		*ret_len += len;
	}
	return own;
}

static void drop_all(struct world *w, struct evbuffer **outs)
{
	for (size_t i = 0; i < w->count; i++)
		evbuffer_free(outs[i]);
}

static size_t bytes_of_views(struct world *w)
{
	const struct roster *roster = w->network->roster;
	size_t n = 0;

	for (size_t i = 0; i < roster->group_count; i++) {
		const struct roster_group *group = roster->groups[i];

		n += group->all.text ? group->all.text->len : 0;
		for (size_t k = 0; k < group->view_count; k++)
			n += group->views[k]->text->len;
	}
	return n;
}

static void check_shared(struct world *w, size_t views_max)
{
	struct evbuffer *outs[NODES_MAX];
	size_t len, own = keep_all(w, outs, &len);

	assert_true(own <= w->count * OWN_MAX);
	assert_true(bytes_of_views(w) <= views_max);
	drop_all(w, outs);
}

static size_t size_of_all(struct world *w)
{
	struct evbuffer *outs[NODES_MAX];
	size_t len;

	(void)keep_all(w, outs, &len);
	drop_all(w, outs);
	return bytes_of_views(w);
}

static struct acl_selector tagged(const char *const *name)
{
	return (struct acl_selector){.tags = {.items = name, .count = 1}};
}

static void viewers_who_see_the_same_share_it(void **state)
{
	const struct acl_selector a = tagged(&tag_names[0]), b = tagged(&tag_names[1]);
	const struct acl_rule one = {.action = ACL_DENY, .src = a, .dst = b};
	const struct acl_rule own[] = {{.action = ACL_ALLOW, .src = a, .dst = a},
	                               {.action = ACL_ALLOW, .src = b, .dst = b}};
	struct acl_policy policy = {.rules = &one, .rule_count = 1};
	struct world *w = *state;
	size_t all;

	add_nodes(w, NODES_MAX);
	all = size_of_all(w);
	/* Few nodes cannot see each other. */
	tag(w, w->nodes[0], &tag_names[0], 1);
	tag(w, w->nodes[1], &tag_names[1], 1);
	set_policy(w, &policy);
	check_shared(w, all + OWN_MAX);
	/* Every second node is of the one kind, every other of the other. */
	for (size_t i = 0; i < w->count; i++)
		tag(w, w->nodes[i], &tag_names[i % 2], 1);
	check_shared(w, 2 * all + w->count * 100);
	policy = (struct acl_policy){.default_action = ACL_DENY, .rules = own, .rule_count = 2};
	set_policy(w, &policy);
	check_shared(w, 2 * all + w->count * 100);
}

/* Each node may see all but one other. */
static void pairs_share_too(void **state)
{
	struct acl_rule rules[NODES_MAX / 2] = {0};
	const char *names[NODES_MAX];
	struct acl_policy policy = {.rules = rules, .rule_count = NODES_MAX / 2};
	struct world *w = *state;
	size_t all;

	add_nodes(w, NODES_MAX);
	all = size_of_all(w);
	for (size_t i = 0; i < NODES_MAX; i++)
		names[i] = w->nodes[i]->record->info.peer.name;
	for (size_t i = 0; i < NODES_MAX / 2; i++)
		rules[i] = (struct acl_rule){
		        .action = ACL_DENY,
		        .src.names = {.items = &names[i], .count = 1},
		        .dst.names = {.items = &names[NODES_MAX - 1 - i], .count = 1}};
	set_policy(w, &policy);
	check_shared(w, all);
}

/* When everybody sees something else, the shared texts stay bounded. */
static void views_are_bounded(void **state)
{
	struct acl_rule rules[TAGS];
	struct acl_policy policy = {.rules = rules, .rule_count = TAGS};
	struct world *w = *state;

	add_nodes(w, ROSTER_GROUP);
	for (size_t i = 0; i < w->count; i++)
		any_tags(w, w->nodes[i]);
	for (size_t i = 0; i < TAGS; i++)
		rules[i] = (struct acl_rule){.action = ACL_DENY,
		                             .src = tagged(&tag_names[i]),
		                             .dst = tagged(&tag_names[(i + 1) % TAGS])};
	set_policy(w, &policy);
	(void)size_of_all(w);
	assert_true(w->network->roster->groups[0]->view_count > 8);
	assert_true(w->network->roster->groups[0]->viewed <= ROSTER_VIEWED);
}

/* Who reads slowly holds the text of its time; a change makes one group's anew. */
static void a_change_joins_one_group_again(void **state)
{
	const struct acl_selector a = tagged(&tag_names[0]), b = tagged(&tag_names[1]);
	const struct acl_rule one = {.action = ACL_DENY, .src = a, .dst = b};
	const struct acl_policy policy = {.rules = &one, .rule_count = 1};
	struct world *w = *state;
	const struct roster *roster = w->network->roster;
	struct heartbeat beat = {.listen_port = 7};
	struct text *before[3];
	struct ls_ip source;

	add_nodes(w, NODES_MAX);
	tag(w, w->nodes[0], &tag_names[0], 1);
	tag(w, w->nodes[1], &tag_names[1], 1);
	set_policy(w, &policy);
	(void)size_of_all(w);
	for (size_t i = 0; i < 3; i++)
		before[i] = state_text_ref(roster->groups[i]->all.text);
	beat.node_id = w->nodes[ROSTER_GROUP]->id;
	assert_int_equal(ls_ip_parse("192.0.2.9", &source), 0);
	assert_int_equal(CHANGE(&w->ended, state_heartbeat, w->state, w->nodes[ROSTER_GROUP], &beat,
	                        &(struct origin){.now = NOW, .source = source}),
	                 0);
	(void)size_of_all(w);
	assert_ptr_equal(roster->groups[0]->all.text, before[0]);
	assert_ptr_not_equal(roster->groups[1]->all.text, before[1]);
	assert_ptr_equal(roster->groups[2]->all.text, before[2]);
	for (size_t i = 0; i < 3; i++)
		state_text_unref(before[i]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(everybody_sees_what_the_policy_allows),
	        TEST(viewers_who_see_the_same_share_it),
	        TEST(pairs_share_too),
	        TEST(views_are_bounded),
	        TEST(a_change_joins_one_group_again),
	};

	ls_log_set_level(LS_LOG_ERROR);
	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
