/* SPDX-License-Identifier: Apache-2.0 */
/* When a netmap gets into the state file. The tunnel is replaced: it applies everything, or fails.
 * Also runs under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/keeper.h"
#include "base/clock.h"
#include "base/stamps.h"
#include "base/str.h"

static const char netmap_text[] =
        "{\"network\":{\"id\":\"n\",\"name\":\"n\",\"overlay_v4\":\"100.64.0.0/24\","
        "\"overlay_v6\":\"fd00::/48\",\"dns_domain\":\"n.lightscale\"},"
        "\"node\":{\"id\":\"me\",\"name\":\"%s\",\"dns_name\":\"me.n.lightscale\","
        "\"ipv4\":\"100.64.0.10\",\"ipv6\":\"fd00::a\","
        "\"wg_public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\","
        "\"machine_public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\","
        "\"endpoints\":[],\"tags\":[],\"routes\":[],\"last_seen\":0},"
        "\"peers\":[],\"relay\":null,\"generated_at\":1,\"revision\":1}";

struct tunnel {
	unsigned applied;
	int fails; /* the code of agent_tunnel_apply */
};

struct world {
	char folder[64];
	char path[80];
	struct event_base *base;
	struct tunnel tunnel;
	struct keeper *keeper;
};

/* --- in place of agent/tunnel.c --- */

int agent_tunnel_apply(struct tunnel *tunnel, const struct netmap *netmap, bool node_unknown,
                       struct tunnel_report *ret, struct ls_fail *fail)
{
	(void)netmap;
	(void)node_unknown;
	if (tunnel->fails)
		return ls_fail_set(fail, tunnel->fails, "not now");
	tunnel->applied++;
	*ret = (struct tunnel_report){0};
	return 0;
}

int agent_tunnel_set_key(struct tunnel *tunnel, const struct wg_private_key *key,
                         struct ls_fail *fail)
{
	(void)tunnel;
	(void)key;
	(void)fail;
	return 0;
}

const char *agent_tunnel_interface(const struct tunnel *tunnel)
{
	(void)tunnel;
	return "ls-test";
}

/* --- */

static void on_changed(void *arg, const char *token, bool registered)
{
	(void)arg;
	(void)token;
	(void)registered;
}

static struct netmap *make_netmap(const char *name)
{
	struct ls_buf text = {0};
	struct netmap *netmap;
	json_t *json;

	ls_buf_printf(&text, netmap_text, name);
	json = json_loads(ls_buf_text(&text), 0, NULL);
	assert_int_equal(proto_netmap_decode(json, &netmap, NULL), 0);
	json_decref(json);
	ls_buf_done(&text);
	return netmap;
}

static void write_state(const char *path)
{
	struct node_state *state = profile_state_new();
	struct ls_fail fail;

	state->profile = ls_strdup("default");
	state->network_id = ls_strdup("n");
	state->node_id = ls_strdup("me");
	state->wg_private_key.b[0] = state->machine_private_key.b[0] = 64;
	key_machine_public(&state->machine_private_key, &state->machine_public_key);
	key_wg_public(&state->wg_private_key, &state->wg_public_key);
	profile_state_set_netmap(state, make_netmap("old"));
	assert_int_equal(profile_state_save(state, path, 1, &fail), 0);
	profile_state_free(state);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct keeper_options options = {.changed = on_changed,
	                                 .backoff_first_ns = LS_NS_PER_MS,
	                                 .backoff_cap_ns = LS_NS_PER_MS};
	struct ls_fail fail;

	(void)snprintf(w->folder, sizeof(w->folder), "/tmp/ls-test-keeper.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/state.json", w->folder);
	write_state(w->path);
	w->base = options.base = event_base_new();
	options.state_path = w->path;
	if (agent_keeper_open(&options, &w->keeper, &fail) < 0)
		fail_msg("%s", fail.text);
	agent_keeper_set_tunnel(w->keeper, &w->tunnel);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	agent_keeper_close(w->keeper);
	event_base_free(w->base);
	(void)unlink(w->path);
	assert_int_equal(rmdir(w->folder), 0);
	free(w);
	return 0;
}

/* The node's name in the netmap of the file says which netmap it is. */
static void assert_stored(const struct world *w, const char *name)
{
	struct node_state *state;
	struct ls_fail fail;

	assert_int_equal(profile_state_load(w->path, &state, &fail), 0);
	assert_string_equal(state->last_netmap->node.peer.name, name);
	profile_state_free(state);
}

/* Ends the keeper, which waits until what it saves is saved. */
static void finish(struct world *w)
{
	agent_keeper_set_tunnel(w->keeper, NULL);
	agent_keeper_close(w->keeper);
	w->keeper = NULL;
}

static void saved_after_the_next_answer(void **state)
{
	struct world *w = *state;

	agent_keeper_answered(w->keeper, ls_now_ns());
	agent_keeper_take(w->keeper, make_netmap("new"), NULL);
	assert_int_equal(w->tunnel.applied, 1);
	agent_keeper_tick(w->keeper, ls_now_ns());
	assert_true(agent_keeper_is_unsaved(w->keeper));
	assert_stored(w, "old");
	agent_keeper_answered(w->keeper, ls_now_ns());
	finish(w);
	assert_stored(w, "new");
}

/* It may have been on its way before the netmap cut this node off. */
static void an_answer_to_an_earlier_question_proves_nothing(void **state)
{
	struct world *w = *state;
	uint64_t before_ns = ls_now_ns() - 1;

	agent_keeper_take(w->keeper, make_netmap("new"), NULL);
	agent_keeper_answered(w->keeper, before_ns);
	agent_keeper_tick(w->keeper, ls_now_ns());
	finish(w);
	assert_stored(w, "old");
}

static void not_saved_until_it_is_applied(void **state)
{
	struct world *w = *state;

	w->tunnel.fails = -EIO;
	agent_keeper_take(w->keeper, make_netmap("new"), NULL);
	agent_keeper_answered(w->keeper, ls_now_ns());
	assert_false(agent_keeper_is_unsaved(w->keeper));
	w->tunnel.fails = 0;
	agent_keeper_tick(w->keeper, ls_now_ns() + LS_NS_PER_S);
	assert_int_equal(w->tunnel.applied, 1);
	assert_true(agent_keeper_is_unsaved(w->keeper));
	assert_stored(w, "old");
	agent_keeper_answered(w->keeper, ls_now_ns());
	finish(w);
	assert_stored(w, "new");
}

static void a_netmap_that_cannot_be_applied_is_not_saved(void **state)
{
	struct world *w = *state;

	w->tunnel.fails = -EIO;
	agent_keeper_take(w->keeper, make_netmap("new"), NULL);
	agent_keeper_answered(w->keeper, ls_now_ns());
	finish(w);
	assert_stored(w, "old");
}

static void what_is_no_news_is_not_saved(void **state)
{
	struct world *w = *state;

	agent_keeper_take(w->keeper, make_netmap("old"), NULL);
	assert_false(agent_keeper_is_unsaved(w->keeper));
	assert_int_equal(w->tunnel.applied, 1); /* the first of a server is applied */
	agent_keeper_take(w->keeper, make_netmap("old"), NULL);
	assert_int_equal(w->tunnel.applied, 1);
}

static int64_t stored_floor(const struct world *w, int64_t *ret_updated)
{
	struct node_state *state;
	int64_t floor_s;
	struct ls_fail fail;

	assert_int_equal(profile_state_load(w->path, &state, &fail), 0);
	floor_s = state->timestamp_floor;
	*ret_updated = state->updated_at;
	profile_state_free(state);
	return floor_s;
}

/* Lets the keeper's events run until the file has a floor. */
static int64_t wait_for_floor(struct world *w, int64_t *ret_updated)
{
	const struct timeval soon = {.tv_usec = 10000};
	int64_t floor_s = 0;

	for (int i = 0; i < 1000 && floor_s == 0; i++) {
		(void)event_base_loopexit(w->base, &soon);
		(void)event_base_dispatch(w->base);
		floor_s = stored_floor(w, ret_updated);
	}
	return floor_s;
}

static int64_t stamp_s(struct world *w)
{
	return (int64_t)(ls_stamps_now_ns(agent_keeper_stamps(w->keeper)) / LS_NS_PER_S);
}

static void open_again(struct world *w)
{
	struct keeper_options options = {.base = w->base,
	                                 .state_path = w->path,
	                                 .changed = on_changed,
	                                 .backoff_first_ns = LS_NS_PER_MS,
	                                 .backoff_cap_ns = LS_NS_PER_MS};

	assert_int_equal(agent_keeper_open(&options, &w->keeper, NULL), 0);
}

static void a_floor_ahead_and_the_last_one(void **state)
{
	struct world *w = *state;
	int64_t first_s = stamp_s(w), ahead_s, updated_s;

	agent_keeper_tick(w->keeper, ls_now_ns());
	ahead_s = wait_for_floor(w, &updated_s);
	assert_in_range(ahead_s, first_s + 120, first_s + 140);
	assert_int_equal(updated_s, 1);            /* the netmap is no younger than before */
	agent_keeper_tick(w->keeper, ls_now_ns()); /* nothing to do */
	finish(w);
	assert_in_range(stored_floor(w, &updated_s), first_s + 1, first_s + 20);
	assert_int_equal(updated_s, 1);
}

static void write_floor(const struct world *w, int64_t floor_s)
{
	struct node_state *state;
	struct ls_fail fail;

	assert_int_equal(profile_state_load(w->path, &state, &fail), 0);
	state->timestamp_floor = floor_s;
	assert_int_equal(profile_state_save(state, w->path, 1, &fail), 0);
	profile_state_free(state);
}

/* The clock says something that is a year before the last run. */
static void stamps_begin_at_the_floor(void **state)
{
	struct world *w = *state;
	int64_t floor_s = ls_wall_s() + 365 * 86400, updated_s;

	finish(w);
	write_floor(w, floor_s);
	open_again(w);
	assert_in_range(stamp_s(w), floor_s, floor_s + 5);
	/* An agent that never ran, as the lock was taken, leaves the file alone. */
	finish(w);
	assert_int_equal(stored_floor(w, &updated_s), floor_s);
	open_again(w);
	agent_keeper_set_tunnel(w->keeper, &w->tunnel);
	finish(w);
	assert_in_range(stored_floor(w, &updated_s), floor_s + 1, floor_s + 10);
}

/* A netmap that no server's answer has confirmed stays out of the file. */
static void a_floor_takes_no_netmap_along(void **state)
{
	struct world *w = *state;

	agent_keeper_take(w->keeper, make_netmap("new"), NULL);
	agent_keeper_tick(w->keeper, ls_now_ns());
	finish(w);
	assert_stored(w, "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(saved_after_the_next_answer, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_answer_to_an_earlier_question_proves_nothing,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(not_saved_until_it_is_applied, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_netmap_that_cannot_be_applied_is_not_saved, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(what_is_no_news_is_not_saved, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_floor_ahead_and_the_last_one, setup, teardown),
	        cmocka_unit_test_setup_teardown(stamps_begin_at_the_floor, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_floor_takes_no_netmap_along, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
