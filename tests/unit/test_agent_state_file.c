/* SPDX-License-Identifier: Apache-2.0 */
/* The state file while an agent runs and other commands write it too. Also runs under
 * ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/state_file.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/mem.h"
#include "base/str.h"

struct world {
	char folder[64];
	char path[80];
	struct event_base *base;
	struct state_file *file;
	struct node_state *state;  /* the agent's */
	struct node_state *others; /* the last that another command wrote */
	unsigned changed;
	unsigned saved;
	int code; /* of the last attempt to save */
	char text[512];
	int refuse; /* what `changed` answers */
};

static struct node_state *make_state(const char *node_id)
{
	struct node_state *state = profile_state_new();

	state->profile = ls_strdup("default");
	state->network_id = ls_strdup("n");
	state->node_id = ls_strdup(node_id);
	state->node_name = ls_strdup("me");
	state->node_token = ls_strdup("token-1");
	assert_int_equal(ls_ip_parse("100.64.1.1", &state->ipv4), 0);
	assert_int_equal(ls_ip_parse("fd00::1", &state->ipv6), 0);
	state->machine_private_key.b[0] = 64;
	state->wg_private_key.b[0] = 64;
	key_machine_public(&state->machine_private_key, &state->machine_public_key);
	key_wg_public(&state->wg_private_key, &state->wg_public_key);
	return state;
}

static int on_changed(void *arg, struct node_state *fresh, struct ls_fail *fail)
{
	struct world *w = arg;

	assert_null(fresh->last_netmap);
	profile_state_free(w->others);
	w->others = fresh;
	w->changed++;
	return w->refuse ? ls_fail_set(fail, w->refuse, "not this one") : 0;
}

static void on_saved(void *arg, int code, char *text, size_t len, const struct ls_fail *fail)
{
	struct world *w = arg;

	assert_int_equal(code < 0, text != NULL);
	w->saved++;
	w->code = code;
	(void)snprintf(w->text, sizeof(w->text), "%s", code < 0 ? fail->text : "");
	if (text)
		profile_state_free_text(text, len);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct state_file_handler handler = {
	        .changed = on_changed, .saved = on_saved, .arg = w};
	struct node_state *made = make_state("node-1");
	struct ls_fail fail;

	(void)snprintf(w->folder, sizeof(w->folder), "/tmp/ls-test-state.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/state.json", w->folder);
	assert_int_equal(profile_state_save(made, w->path, 1, &fail), 0);
	profile_state_free(made);
	w->base = event_base_new();
	if (agent_state_file_open(w->base, w->path, &handler, &w->file, &w->state, &fail) < 0)
		fail_msg("%s", fail.text);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	agent_state_file_close(w->file);
	event_base_free(w->base);
	profile_state_free(w->state);
	profile_state_free(w->others);
	(void)unlink(w->path);
	assert_int_equal(rmdir(w->folder), 0); /* no temporary file is left */
	free(w);
	return 0;
}

/* Turns the loop until the condition holds. */
#define UNTIL(w, condition)                                                                        \
	do {                                                                                       \
		uint64_t end_ = ls_now_ns() + 10 * LS_NS_PER_S;                                    \
		while (!(condition)) {                                                             \
			if (ls_now_ns() > end_)                                                    \
				fail_msg("not within 10 s: %s", #condition);                       \
			(void)event_base_loop((w)->base, EVLOOP_ONCE);                             \
		}                                                                                  \
	} while (0)

/* Saves the agent's state and waits for what comes of it. */
static int save(struct world *w)
{
	unsigned before = w->saved;
	char *text;
	size_t len;

	assert_int_equal(profile_state_encode(w->state, 2, &text, &len, NULL), 0);
	agent_state_file_save(w->file, text, len);
	assert_true(agent_state_file_is_saving(w->file));
	UNTIL(w, w->saved > before);
	assert_false(agent_state_file_is_saving(w->file));
	return w->code;
}

/* As another command does it. */
static void write_other(struct world *w, const char *node_id, const char *token)
{
	struct node_state *other = make_state(node_id);

	free(other->node_token);
	other->node_token = ls_strdup(token);
	other->stored = true;
	assert_int_equal(profile_state_save(other, w->path, 3, NULL), 0);
	profile_state_free(other);
}

static void assert_stored(const struct world *w, const char *name, const char *token)
{
	struct node_state *stored;
	struct stat st;

	assert_int_equal(profile_state_load(w->path, &stored, NULL), 0);
	assert_string_equal(stored->node_name, name);
	assert_string_equal(stored->node_token, token);
	profile_state_free(stored);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void rename_node(struct world *w, const char *name)
{
	free(w->state->node_name);
	w->state->node_name = ls_strdup(name);
}

static void saves_again_and_again(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "name-%d", i);
		rename_node(w, name);
		assert_int_equal(save(w), 0);
		assert_stored(w, name, "token-1");
	}
	/* What it wrote itself is no news. */
	agent_state_file_look(w->file);
	assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(w->changed, 0);
}

static void sees_what_others_wrote(void **state)
{
	struct world *w = *state;

	write_other(w, "node-1", "token-2");
	agent_state_file_look(w->file);
	UNTIL(w, w->changed == 1);
	assert_string_equal(w->others->node_token, "token-2");
	agent_state_file_look(w->file);
	assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(w->changed, 1);
	assert_int_equal(save(w), 0);
	assert_stored(w, "me", "token-1");
}

static void never_overwrites_what_it_has_not_read(void **state)
{
	struct world *w = *state;

	write_other(w, "node-1", "token-2");
	assert_int_equal(save(w), -ESTALE);
	assert_int_equal(w->changed, 1);
	assert_stored(w, "me", "token-2");
	/* Once the agent has taken it over, it may. */
	profile_state_free(w->state);
	w->state = LS_STEAL(w->others);
	rename_node(w, "mine");
	assert_int_equal(save(w), 0);
	assert_stored(w, "mine", "token-2");
}

static void leaves_another_nodes_file_alone(void **state)
{
	struct world *w = *state;

	write_other(w, "node-2", "token-2");
	w->refuse = LS_ERROR_CONFLICT;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(save(w), LS_ERROR_CONFLICT);
		assert_string_equal(w->text, "not this one");
		assert_stored(w, "me", "token-2");
	}
	agent_state_file_look(w->file);
	assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(w->changed, 1);
	/* It may be put right. */
	write_other(w, "node-1", "token-3");
	w->refuse = 0;
	agent_state_file_look(w->file);
	UNTIL(w, w->changed == 2);
	assert_int_equal(save(w), 0);
}

static void leaves_a_damaged_file_alone(void **state)
{
	struct world *w = *state;
	LS_FREE char *text = NULL;
	size_t len;

	assert_int_equal(ls_file_replace(w->path, "{\"profile\": ", 12, 0600, NULL), 0);
	agent_state_file_look(w->file);
	assert_int_equal(save(w), LS_ERROR_SYNTAX);
	assert_non_null(strstr(w->text, w->path));
	assert_int_equal(ls_file_read(w->path, 1000, &text, &len, NULL), 0);
	assert_string_equal(text, "{\"profile\": ");
	assert_int_equal(save(w), LS_ERROR_SYNTAX);
	assert_non_null(strstr(w->text, w->path));
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(save(w), -ENOENT);
	assert_int_equal(access(w->path, F_OK), -1);
	assert_int_equal(w->changed, 0);
}

static void does_not_wait_for_a_lock(void **state)
{
	struct world *w = *state;
	int holder = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(holder >= 0);
	assert_int_equal(flock(holder, LOCK_EX), 0);
	rename_node(w, "mine");
	assert_int_equal(save(w), -EWOULDBLOCK);
	assert_stored(w, "me", "token-1");
	(void)close(holder);
	assert_int_equal(save(w), 0);
	assert_stored(w, "mine", "token-1");
}

/* What is under way at the end is written. */
static void the_end_waits_for_the_disk(void **state)
{
	struct world *w = *state;
	char *text;
	size_t len;

	rename_node(w, "last");
	assert_int_equal(profile_state_encode(w->state, 2, &text, &len, NULL), 0);
	agent_state_file_save(w->file, text, len);
	agent_state_file_close(w->file);
	w->file = NULL;
	assert_int_equal(w->saved, 1);
	assert_int_equal(w->code, 0);
	assert_stored(w, "last", "token-1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(saves_again_and_again),
	        TEST(sees_what_others_wrote),
	        TEST(never_overwrites_what_it_has_not_read),
	        TEST(leaves_another_nodes_file_alone),
	        TEST(leaves_a_damaged_file_alone),
	        TEST(does_not_wait_for_a_lock),
	        TEST(the_end_waits_for_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
