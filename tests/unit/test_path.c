/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of endpoints, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "path/path.h"

enum {
	STALE_S = 15,
	INITIATION = 148,
	KEEPALIVE = 32,
};

struct world {
	struct path path;
	struct path_sample engine;
	uint64_t now_ns;
	unsigned sets; /* endpoints set on the engine */
	enum path_reason last;
};

static struct ls_endpoint ep(const char *text)
{
	struct ls_endpoint ret = {0};

	assert_int_equal(ls_endpoint_parse(text, &ret), 0);
	return ret;
}

static void apply(struct world *w, enum path_reason reason)
{
	if (reason == PATH_KEEP)
		return;
	w->engine.endpoint = w->path.current;
	w->last = reason;
	w->sets++;
}

static void announce(struct world *w, const char *const *texts, size_t count)
{
	struct ls_endpoint list[PATH_CANDIDATES_MAX + 8] = {0};

	for (size_t i = 0; i < count; i++)
		list[i] = ep(texts[i]);
	apply(w, path_set_candidates(&w->path, list, count));
}

/* `tx` bytes every 5 s, `rx` bytes every 5 s. */
static void pass(struct world *w, unsigned seconds, unsigned tx, unsigned rx)
{
	for (unsigned i = 1; i <= seconds; i++) {
		w->now_ns += LS_NS_PER_S;
		if (i % 5 == 1) {
			w->engine.tx_bytes += tx;
			w->engine.rx_bytes += rx;
		}
		apply(w, path_observe(&w->path, &w->engine, w->now_ns));
	}
}

static void assert_endpoint(const struct world *w, const char *text)
{
	struct ls_endpoint want = ep(text);
	char buf[LS_ENDPOINT_TEXT];

	if (!ls_endpoint_equal(&w->engine.endpoint, &want))
		fail_msg("%s, wanted %s", ls_endpoint_format(&w->engine.endpoint, buf), text);
}

static struct world begin(void)
{
	struct world w = {.now_ns = 1000 * LS_NS_PER_S};

	path_init(&w.path, STALE_S * LS_NS_PER_S);
	return w;
}

static const char *const three[] = {"192.0.2.1:1", "192.0.2.2:2", "[2001:db8::3]:3"};

static void first_candidate_is_set_at_once(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, NULL, 0);
	assert_int_equal(w.sets, 0);
	announce(&w, three, 3);
	assert_int_equal(w.last, PATH_FIRST);
	assert_endpoint(&w, "192.0.2.1:1");
}

static void silence_rotates_through_all(void **state)
{
	const char *const order[] = {"192.0.2.2:2", "[2001:db8::3]:3", "192.0.2.1:1",
	                             "192.0.2.2:2"};
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	for (unsigned i = 0; i < 4; i++) {
		unsigned sets = w.sets;

		for (int s = 0; w.sets == sets; s++) {
			assert_true(s < STALE_S + 6);
			pass(&w, 1, INITIATION, 0);
		}
		assert_int_equal(w.last, PATH_STALE);
		assert_endpoint(&w, order[i]);
	}
}

/* Nobody waits for an answer from there, however long the stale time is. */
static void withdrawn_and_never_heard_is_left_at_once(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	announce(&w, three + 1, 2);
	assert_int_equal(w.last, PATH_NEW);
	assert_endpoint(&w, "192.0.2.2:2");
	announce(&w, NULL, 0); /* there is nowhere else to go */
	assert_int_equal(w.sets, 2);
	/* What carries data stays. */
	pass(&w, 10, INITIATION, 92);
	announce(&w, three, 1);
	assert_int_equal(w.sets, 2);
	assert_endpoint(&w, "192.0.2.2:2");
}

static void nothing_wanted_nothing_rotated(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	pass(&w, 600, 0, 0);
	assert_int_equal(w.sets, 1);
}

/* The peer's own keepalives come every 25 s; ours are not answered. */
static void keepalives_alone_are_not_silence(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	pass(&w, 1, INITIATION, 92);
	for (int i = 0; i < 40; i++) {
		w.engine.tx_bytes += KEEPALIVE;
		pass(&w, 24, 0, 0);
		w.engine.rx_bytes += KEEPALIVE;
		pass(&w, 1, 0, 0);
	}
	assert_int_equal(w.sets, 1);
}

static void a_heard_path_is_left_alone(void **state)
{
	const char *const others[] = {"192.0.2.7:7", "192.0.2.1:1"};
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	pass(&w, 60, 5000, 5000);
	announce(&w, others, 2);
	pass(&w, 60, 5000, 5000);
	assert_int_equal(w.sets, 1);
	assert_endpoint(&w, "192.0.2.1:1");
}

static void roaming_is_not_fought(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	pass(&w, 10, INITIATION, 92);
	w.engine.endpoint = ep("198.51.100.9:9");
	pass(&w, 60, 1000, 1000);
	announce(&w, three, 3);
	assert_int_equal(w.sets, 1);
	assert_endpoint(&w, "198.51.100.9:9");
	/* Gone silent: the best announced one, and the roamed one again after the last. */
	pass(&w, 20, INITIATION, 0);
	assert_endpoint(&w, "192.0.2.1:1");
	pass(&w, 60, INITIATION, 0);
	assert_endpoint(&w, "198.51.100.9:9");
	pass(&w, 20, INITIATION, 0);
	assert_endpoint(&w, "192.0.2.1:1");
}

static void a_new_candidate_is_tried_at_once_when_unheard(void **state)
{
	const char *const more[] = {"192.0.2.1:1", "192.0.2.8:8", "192.0.2.2:2"};
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	pass(&w, 3, INITIATION, 0);
	announce(&w, more, 3);
	assert_int_equal(w.last, PATH_NEW);
	assert_endpoint(&w, "192.0.2.8:8");
	announce(&w, more, 3);
	assert_int_equal(w.sets, 2);
}

static void a_lost_path_takes_news_at_once(void **state)
{
	const char *const moved[] = {"203.0.113.5:5"};
	struct world w = begin();

	(void)state;
	announce(&w, three, 1);
	pass(&w, 30, 1000, 1000);
	pass(&w, 25, INITIATION, 0); /* the only candidate stays */
	assert_int_equal(w.sets, 1);
	announce(&w, moved, 1);
	assert_int_equal(w.last, PATH_NEW);
	assert_endpoint(&w, "203.0.113.5:5");
}

static void a_peer_without_candidates_is_learned(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, NULL, 0);
	w.engine.endpoint = ep("198.51.100.9:9");
	pass(&w, 30, 1000, 1000);
	announce(&w, three, 3);
	assert_int_equal(w.sets, 0);
	pass(&w, 30, INITIATION, 0);
	assert_endpoint(&w, "192.0.2.1:1");
}

static void counters_may_start_anew(void **state)
{
	struct world w = begin();

	(void)state;
	announce(&w, three, 3);
	pass(&w, 30, 100000, 100000);
	w.engine.rx_bytes = w.engine.tx_bytes = 0;
	pass(&w, 30, 1000, 1000);
	assert_int_equal(w.sets, 1);
	pass(&w, 30, 1000, 0);
	assert_int_equal(w.sets, 2);
}

static void too_many_and_equal_candidates_are_dropped(void **state)
{
	const char *const same[] = {"192.0.2.1:1", "192.0.2.1:1", "192.0.2.2:2"};
	struct ls_endpoint list[PATH_CANDIDATES_MAX + 8] = {0};
	struct world w = begin();

	(void)state;
	announce(&w, same, 3);
	assert_int_equal(w.path.count, 2);
	for (size_t i = 0; i < PATH_CANDIDATES_MAX + 8; i++) {
		list[i] = ep("192.0.2.1:1");
		list[i].port = (uint16_t)(i + 1);
	}
	(void)path_set_candidates(&w.path, list, PATH_CANDIDATES_MAX + 8);
	assert_int_equal(w.path.count, PATH_CANDIDATES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(first_candidate_is_set_at_once),
	        cmocka_unit_test(silence_rotates_through_all),
	        cmocka_unit_test(withdrawn_and_never_heard_is_left_at_once),
	        cmocka_unit_test(nothing_wanted_nothing_rotated),
	        cmocka_unit_test(keepalives_alone_are_not_silence),
	        cmocka_unit_test(a_heard_path_is_left_alone),
	        cmocka_unit_test(roaming_is_not_fought),
	        cmocka_unit_test(a_new_candidate_is_tried_at_once_when_unheard),
	        cmocka_unit_test(a_lost_path_takes_news_at_once),
	        cmocka_unit_test(a_peer_without_candidates_is_learned),
	        cmocka_unit_test(counters_may_start_anew),
	        cmocka_unit_test(too_many_and_equal_candidates_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
