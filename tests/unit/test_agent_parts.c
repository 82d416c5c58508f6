/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's parts that need no network: states, lock files, comparison of netmaps, peers. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/lockfile.h"
#include "agent/machine.h"
#include "agent/netmap_same.h"
#include "agent/options.h"
#include "agent/peers.h"
#include "agent/refusals.h"
#include "base/clock.h"
#include "base/files.h"

/* --- states --- */

static void netmaps_decide_states(void **state)
{
	const struct {
		bool approved, rotation, revoked;
		enum agent_state want;
	} cases[] = {
	        {true, false, false, AGENT_RUNNING},
	        {false, false, false, AGENT_WAITING_APPROVAL},
	        {false, true, false, AGENT_ROTATION_DUE}, /* approved is false for any reason */
	        {false, false, true, AGENT_REVOKED},
	        {false, true, true, AGENT_REVOKED},
	        {true, true, false, AGENT_ROTATION_DUE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct node_info node = {.approved = cases[i].approved,
		                               .key_rotation_required = cases[i].rotation,
		                               .revoked = cases[i].revoked};

		assert_int_equal(agent_machine_after_netmap(plan_hold_of(&node, false)),
		                 cases[i].want);
	}
}

static void failures_decide_states(void **state)
{
	const struct {
		enum agent_state from;
		enum agent_failure failure;
		enum agent_state want;
	} cases[] = {
	        {AGENT_STARTING, AGENT_FAILURE_UNREACHABLE, AGENT_OFFLINE},
	        {AGENT_RUNNING, AGENT_FAILURE_UNREACHABLE, AGENT_OFFLINE},
	        {AGENT_RUNNING, AGENT_FAILURE_REFUSED, AGENT_REFUSED},
	        {AGENT_REFUSED, AGENT_FAILURE_UNREACHABLE, AGENT_OFFLINE},
	        {AGENT_REFUSED, AGENT_FAILURE_DISOWNED, AGENT_UNKNOWN},
	        {AGENT_STARTING, AGENT_FAILURE_REJECTED, AGENT_REJECTED},
	        {AGENT_UNKNOWN, AGENT_FAILURE_UNREACHABLE, AGENT_UNKNOWN},
	        {AGENT_UNKNOWN, AGENT_FAILURE_REFUSED, AGENT_UNKNOWN},
	        {AGENT_OFFLINE, AGENT_FAILURE_DISOWNED, AGENT_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(agent_machine_after_failure(cases[i].from, cases[i].failure),
		                 cases[i].want);
	assert_int_equal(agent_machine_after_netmap(PLAN_HOLD_UNKNOWN), AGENT_UNKNOWN);
}

/* --- refusals --- */

static void a_refusal_counts_when_a_known_server_repeats_it(void **state)
{
	struct refusals refusals = {0};
	const uint64_t s = LS_NS_PER_S;

	(void)state;
	/* Servers 0 and 2 gave this node netmaps, server 1 did not. */
	assert_false(agent_refusals_note(&refusals, 2, 5, 100 * s));
	assert_false(agent_refusals_note(&refusals, 2, 5, 200 * s));
	assert_false(agent_refusals_note(&refusals, 1, 5, 300 * s));
	assert_false(agent_refusals_note(&refusals, 1, 5, 329 * s));
	assert_false(agent_refusals_note(&refusals, 4, 5, 331 * s)); /* another one's first */
	assert_false(agent_refusals_note(&refusals, 0, 5, 332 * s)); /* nobody answers */
	assert_true(agent_refusals_note(&refusals, 1, 5, 333 * s));
	agent_refusals_reset(&refusals);
	assert_false(agent_refusals_note(&refusals, 7, 5, 400 * s));
	assert_true(agent_refusals_note(&refusals, 6, 5, 430 * s));
}

/* --- lock files --- */

static char directory[64];

static int make_directory(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/ls-test-agent.XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static const char *lock_path(void)
{
	static char path[80];

	(void)snprintf(path, sizeof(path), "%s/agent.pid", directory);
	return path;
}

static void assert_holds_our_pid(void)
{
	char want[16];
	char *data;
	size_t len;

	(void)snprintf(want, sizeof(want), "%d\n", (int)getpid());
	assert_int_equal(ls_file_read(lock_path(), 64, &data, &len, NULL), 0);
	assert_string_equal(data, want);
	free(data);
}

static void a_lock_is_held_once(void **state)
{
	struct lockfile first = {0}, second = {0};
	struct ls_fail fail;
	char pid[16];

	(void)state;
	assert_int_equal(agent_lockfile_take(&first, lock_path(), &fail), 0);
	assert_holds_our_pid();
	assert_int_equal(agent_lockfile_take(&second, lock_path(), &fail), -EBUSY);
	(void)snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	assert_non_null(strstr(fail.text, pid));
	agent_lockfile_drop(&first);
	assert_int_equal(access(lock_path(), F_OK), -1);
	assert_int_equal(agent_lockfile_take(&second, lock_path(), &fail), 0);
	agent_lockfile_drop(&second);
	agent_lockfile_drop(&second);
}

static void a_stale_lock_is_taken_over(void **state)
{
	struct lockfile lock = {0};
	struct ls_fail fail;

	(void)state;
	assert_int_equal(ls_file_replace(lock_path(), "123456789\nleft over\n", 20, 0644, &fail),
	                 0);
	assert_int_equal(agent_lockfile_take(&lock, lock_path(), &fail), 0);
	assert_holds_our_pid();
	agent_lockfile_drop(&lock);
}

static void a_killed_holder_frees_its_lock(void **state)
{
	struct lockfile lock = {0};
	struct ls_fail fail;
	int pipe_fds[2], status;
	char c;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		struct lockfile theirs = {0};

		if (agent_lockfile_take(&theirs, lock_path(), NULL) == 0 &&
		    write(pipe_fds[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(pipe_fds[0], &c, 1), 1);
	assert_int_equal(agent_lockfile_take(&lock, lock_path(), &fail), -EBUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(agent_lockfile_take(&lock, lock_path(), &fail), 0);
	agent_lockfile_drop(&lock);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

static void a_lock_needs_its_directory(void **state)
{
	struct lockfile lock = {0};
	struct ls_fail fail;

	(void)state;
	assert_int_equal(agent_lockfile_take(&lock, "/nonexistent/dir/x.pid", &fail), -ENOENT);
	assert_non_null(strstr(fail.text, "/nonexistent/dir/x.pid"));
	agent_lockfile_drop(&lock);
}

/* --- comparing netmaps --- */

static void netmaps_differ_in_what_matters(void **state)
{
	const char *const endpoints[] = {"192.0.2.1:1", "192.0.2.2:2"};
	struct peer_info peers[2] = {{.id = "a", .name = "a"}, {.id = "b", .name = "b"}};
	struct peer_info other[2];
	struct netmap map = {.peers = peers, .peer_count = 2, .revision = 1, .generated_at = 1};
	struct netmap copy = map;

	(void)state;
	memcpy(other, peers, sizeof(other));
	copy.peers = other;
	copy.revision = 2;
	copy.generated_at = 99;
	other[1].last_seen = 5;
	copy.probe_count = 1;
	assert_true(agent_netmap_same(&map, &copy));
	assert_true(agent_netmap_same(NULL, NULL));
	assert_false(agent_netmap_same(&map, NULL));
	copy.node.revoked = true;
	assert_false(agent_netmap_same(&map, &copy));
	copy.node.revoked = false;
	other[1].name = "c";
	assert_false(agent_netmap_same(&map, &copy));
	other[1].name = "b";
	other[1].endpoints = (struct string_list){.items = endpoints, .count = 2};
	assert_false(agent_netmap_same(&map, &copy));
	peers[1].endpoints = (struct string_list){.items = endpoints, .count = 2};
	assert_true(agent_netmap_same(&map, &copy));
	other[0].wg_public_key.b[31] = 1;
	assert_false(agent_netmap_same(&map, &copy));
	other[0].wg_public_key.b[31] = 0;
	copy.peer_count = 1;
	assert_false(agent_netmap_same(&map, &copy));
}

/* --- peers --- */

struct peer_world {
	struct peers *peers;
	struct plan_peer wanted[2];
	struct plan plan;
	struct ls_endpoint endpoints[2];
	struct wg_peer_config actual[2];
	struct wg_config device;
	uint64_t now_ns;
};

static int peers_setup(void **state)
{
	struct peer_world *w = calloc(1, sizeof(*w));

	assert_int_equal(ls_endpoint_parse("192.0.2.1:1", &w->endpoints[0]), 0);
	assert_int_equal(ls_endpoint_parse("192.0.2.2:2", &w->endpoints[1]), 0);
	w->peers = agent_peers_new(15 * LS_NS_PER_S);
	for (size_t i = 0; i < 2; i++) {
		w->wanted[i] = (struct plan_peer){
		        .name = i ? "b" : "a", .endpoints = w->endpoints, .endpoint_count = 2};
		w->wanted[i].public_key.b[0] = w->actual[i].public_key.b[0] = (uint8_t)(i + 1);
		w->actual[i].endpoint = w->endpoints[0];
	}
	w->plan = (struct plan){.peers = w->wanted, .peer_count = 2};
	w->device = (struct wg_config){.peers = w->actual, .peer_count = 2};
	w->now_ns = 1000 * LS_NS_PER_S;
	*state = w;
	return 0;
}

static int peers_teardown(void **state)
{
	struct peer_world *w = *state;

	agent_peers_free(w->peers);
	free(w);
	return 0;
}

static struct wg_config steps_that_add(struct peer_world *w, size_t count)
{
	struct wg_config change = {0};

	for (size_t i = 0; i < count; i++)
		assert_non_null(wg_config_add_peer(&change, &w->wanted[i].public_key));
	return change;
}

/* What an agent does with a plan: the endpoints of `change`, and those that are still to be set. */
static void follow(struct peer_world *w, struct wg_config *change)
{
	assert_int_equal(agent_peers_follow(w->peers, &w->plan), 0);
	agent_peers_complete(w->peers, change);
	assert_int_equal(agent_peers_rest(w->peers, change), 0);
}

static void added_peers_get_their_endpoint(void **state)
{
	struct peer_world *w = *state;
	struct wg_config change = steps_that_add(w, 2);

	follow(w, &change);
	assert_int_equal(change.peer_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(change.peers[i].flags & WG_PEER_ENDPOINT);
		assert_true(ls_endpoint_equal(&change.peers[i].endpoint, &w->endpoints[0]));
	}
	wg_config_done(&change);
	/* Nothing new, nothing to set. */
	follow(w, &change);
	assert_int_equal(change.peer_count, 0);
	/* A peer that the engine lost gets it again. */
	change = steps_that_add(w, 1);
	follow(w, &change);
	assert_int_equal(change.peer_count, 1);
	assert_true(change.peers[0].flags & WG_PEER_ENDPOINT);
	wg_config_done(&change);
}

/* A peer whose announced endpoint is another one, and that a plan changes in nothing else. */
static void new_candidates_are_tried_at_once(void **state)
{
	struct peer_world *w = *state;
	struct wg_config change = steps_that_add(w, 2);

	w->wanted[1].endpoint_count = 1;
	follow(w, &change);
	wg_config_done(&change);
	w->wanted[1].endpoints = &w->endpoints[1];
	follow(w, &change);
	assert_int_equal(change.peer_count, 1);
	assert_int_equal(change.peers[0].flags, WG_PEER_UPDATE_ONLY | WG_PEER_ENDPOINT);
	assert_true(ls_endpoint_equal(&change.peers[0].endpoint, &w->endpoints[1]));
	wg_config_done(&change);
}

/* Packets go to both peers, and only the first answers: whether the second one's endpoint is
 * changed within 30 s. */
static bool second_is_moved(struct peer_world *w, struct wg_config *change)
{
	for (unsigned s = 0; s < 30 && change->peer_count == 0; s++) {
		w->now_ns += LS_NS_PER_S;
		w->actual[0].tx_bytes += 148;
		w->actual[0].rx_bytes += 92;
		w->actual[1].tx_bytes += 148;
		assert_int_equal(agent_peers_observe(w->peers, &w->device, w->now_ns, change), 0);
	}
	return change->peer_count > 0;
}

static void removed_peers_are_forgotten(void **state)
{
	struct peer_world *w = *state;
	struct wg_config change = steps_that_add(w, 2);

	follow(w, &change);
	wg_config_done(&change);
	w->plan.peer_count = 1;
	follow(w, &change);
	assert_int_equal(change.peer_count, 0);
	assert_false(second_is_moved(w, &change));
	/* It starts anew when it comes back. */
	w->plan.peer_count = 2;
	follow(w, &change);
	assert_int_equal(change.peer_count, 1);
	assert_int_equal(change.peers[0].public_key.b[0], 2);
	wg_config_done(&change);
}

static void a_silent_peer_is_moved_alone(void **state)
{
	struct peer_world *w = *state;
	struct wg_config change = steps_that_add(w, 2);

	follow(w, &change);
	wg_config_done(&change);
	assert_true(second_is_moved(w, &change));
	assert_int_equal(change.peer_count, 1);
	assert_int_equal(change.peers[0].public_key.b[0], 2);
	assert_int_equal(change.peers[0].flags, WG_PEER_UPDATE_ONLY | WG_PEER_ENDPOINT);
	assert_true(ls_endpoint_equal(&change.peers[0].endpoint, &w->endpoints[1]));
	wg_config_done(&change);
}

/* --- options --- */

static void options_are_checked(void **state)
{
	const char *const good[] = {"192.0.2.1:51820", "[2001:db8::1]:1"};
	const char *const bad_endpoint[] = {"192.0.2.1"};
	const char *const bad_route[] = {"10.0.0.1/88"};
	struct agent_options options;
	struct ls_fail fail;

	(void)state;
	agent_options_init(&options);
	options.endpoints = good;
	options.endpoint_count = 2;
	assert_int_equal(agent_options_check(&options, &fail), 0);
	options.heartbeat_interval_s = 0;
	assert_int_equal(agent_options_check(&options, &fail), LS_ERROR_BAD_VALUE);
	assert_non_null(strstr(fail.text, "--heartbeat-interval 0"));
	agent_options_init(&options);
	options.longpoll_timeout_s = 301;
	assert_int_equal(agent_options_check(&options, &fail), LS_ERROR_BAD_VALUE);
	agent_options_init(&options);
	options.endpoints = bad_endpoint;
	options.endpoint_count = 1;
	assert_int_equal(agent_options_check(&options, &fail), LS_ERROR_BAD_VALUE);
	assert_non_null(strstr(fail.text, "--endpoint 192.0.2.1"));
	agent_options_init(&options);
	options.advertise_routes = bad_route;
	options.advertise_route_count = 1;
	assert_int_equal(agent_options_check(&options, &fail), LS_ERROR_BAD_VALUE);
	agent_options_init(&options);
	options.backend = DATAPLANE_KERNEL;
	assert_int_equal(agent_options_check(&options, &fail), LS_ERROR_BAD_VALUE);
	agent_options_init(&options);
	options.interface = "ls-sixteen-bytes";
	assert_int_equal(agent_options_check(&options, &fail), LS_ERROR_BAD_VALUE);
}

#define PEERS(f) cmocka_unit_test_setup_teardown(f, peers_setup, peers_teardown)
#define FILES(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(netmaps_decide_states),
	        cmocka_unit_test(failures_decide_states),
	        cmocka_unit_test(a_refusal_counts_when_a_known_server_repeats_it),
	        FILES(a_lock_is_held_once),
	        FILES(a_stale_lock_is_taken_over),
	        FILES(a_killed_holder_frees_its_lock),
	        FILES(a_lock_needs_its_directory),
	        cmocka_unit_test(netmaps_differ_in_what_matters),
	        PEERS(added_peers_get_their_endpoint),
	        PEERS(new_candidates_are_tried_at_once),
	        PEERS(removed_peers_are_forgotten),
	        PEERS(a_silent_peer_is_moved_alone),
	        cmocka_unit_test(options_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
