/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/event_log.h"
#include "base/files.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/once.h"
#include "base/str.h"
#include "base/utf8.h"

static void test_fail_masks_control(void **state)
{
	struct ls_fail fail = {0};

	(void)state;
	assert_int_equal(ls_fail_set(&fail, -EINVAL, "bad %s", "a\nb"), -EINVAL);
	assert_string_equal(fail.text, "bad a?b");
	assert_int_equal(ls_fail_prefix(&fail, "reading %s", "x"), -EINVAL);
	assert_string_equal(fail.text, "reading x: bad a?b");
	assert_int_equal(ls_fail_set(&fail, -EIO, "%s; again", fail.text), -EIO);
	assert_string_equal(fail.text, "reading x: bad a?b; again");
}

static void test_fail_keeps_what_code_asks_for(void **state)
{
	struct ls_fail fail = {0};
	char long_text[600];

	(void)state;
	(void)ls_fail_set(&fail, LS_ERROR_REMOTE, "why");
	assert_int_equal(ls_fail_hint(&fail, LS_HINT_PROXY), LS_ERROR_REMOTE);
	fail.http_status = 405;
	assert_int_equal(ls_fail_prefix(&fail, "GET %s", "x"), LS_ERROR_REMOTE);
	assert_int_equal(ls_fail_append(&fail, "; do %s", "this\n"), LS_ERROR_REMOTE);
	assert_string_equal(fail.text, "GET x: why; do this?");
	assert_int_equal(fail.hint, LS_HINT_PROXY);
	assert_int_equal(fail.http_status, 405);
	/* Another failure in the same place has neither. */
	(void)ls_fail_set(&fail, -EIO, "else");
	assert_int_equal(fail.hint, LS_HINT_NONE);
	assert_int_equal(fail.http_status, 0);
	/* What is added stands, also where the text is full. */
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	(void)ls_fail_set(&fail, -EIO, "%s", long_text);
	assert_int_equal(ls_fail_append(&fail, "; the end"), -EIO);
	assert_int_equal(strlen(fail.text), sizeof(fail.text) - 1);
	assert_string_equal(fail.text + strlen(fail.text) - strlen("x; the end"), "x; the end");
	(void)ls_fail_append(&fail, "%s", long_text);
	assert_int_equal(strlen(fail.text), sizeof(fail.text) - 1);
	/* Nobody wants to know. */
	(void)ls_fail_hint(NULL, LS_HINT_PROXY);
	(void)ls_fail_append(NULL, "x");
}

static void test_once_until_it_changes(void **state)
{
	struct ls_once once = {0};

	(void)state;
	assert_false(ls_once_news(&once, 0));
	assert_true(ls_once_news(&once, -EIO));
	assert_false(ls_once_news(&once, -EIO));
	assert_true(ls_once_news(&once, -EAGAIN));
	assert_true(ls_once_news(&once, -EIO));
	/* All is well in between. */
	assert_false(ls_once_news(&once, 0));
	assert_true(ls_once_news(&once, -EIO));
	assert_true(ls_once_news_text(&once, "route 1"));
	assert_false(ls_once_news_text(&once, "route 1"));
	assert_true(ls_once_news_text(&once, "route 2"));
	assert_false(ls_once_news_text(&once, ""));
	assert_true(ls_once_news_text(&once, "route 2"));
	assert_false(ls_once_news_text(&once, NULL));
	assert_true(ls_once_news_text(&once, "route 2"));
}

/* "a", the character (U+0080 or more) in UTF-8, "b". */
static void put_between(uint16_t code, char ret[static 8])
{
	char *p = ret;

	*p++ = 'a';
	if (code < 0x800) {
		*p++ = (char)(0xc0 | code >> 6);
	} else {
		*p++ = (char)(0xe0 | code >> 12);
		*p++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*p++ = (char)(0x80 | (code & 0x3f));
	*p++ = 'b';
	*p = '\0';
}

static void test_control_characters(void **state)
{
	static const struct {
		const char *text;
		const char *masked;
	} rows[] = {
	        {"", ""},
	        {"plain", "plain"},
	        {"\x1b[31mred", "?[31mred"},
	        {"a\r\n\x7f", "a???"},
	        {"\xc2\x9b"
	         "2J",
	         "??2J"}, /* CSI as one character */
	        {"\xc2\xa0\xc3\x9b", "\xc2\xa0\xc3\x9b"},
	        {"\x9b"
	         "2J\xc3\xbc\xc3",
	         "?2J\xc3\xbc?"}, /* no UTF-8 */
	        {"stra\xc3\x9f"
	         "e",
	         "stra\xc3\x9f"
	         "e"},
	};
	/* Not control characters: names may hold them, and are shown without. */
	static const uint16_t deceivers[] = {0x061c, 0x200b, 0x200e, 0x200f, 0x2028, 0x202a,
	                                     0x202e, 0x2060, 0x2066, 0x206f, 0xfeff};
	static const uint16_t harmless[] = {0x061b, 0x061d, 0x200a, 0x200d, 0x2027,
	                                    0x202f, 0x205f, 0x2070, 0xfefe};
	char text[32];
	bool sound;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s", rows[i].text);
		sound = ls_utf8_valid(text, strlen(text)) && !ls_str_has_control(text);
		assert_int_equal(sound, strcmp(text, rows[i].masked) == 0);
		ls_str_mask_control(text);
		assert_string_equal(text, rows[i].masked);
	}
	for (size_t i = 0; i < sizeof(deceivers) / sizeof(deceivers[0]); i++) {
		put_between(deceivers[i], text);
		assert_true(ls_utf8_valid(text, strlen(text)) && !ls_str_has_control(text));
		ls_str_mask_control(text);
		assert_string_equal(text, deceivers[i] < 0x800 ? "a??b" : "a???b");
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		char same[8];

		put_between(harmless[i], text);
		put_between(harmless[i], same);
		ls_str_mask_control(text);
		assert_string_equal(text, same);
	}
}

static void test_parse_u64(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint64_t value;
	} rows[] = {
	        {"0", 0, 0},
	        {"300", 0, 300},
	        {"301", -ERANGE, 0},
	        {"", LS_ERROR_SYNTAX, 0},
	        {"-1", LS_ERROR_SYNTAX, 0},
	        {" 1", LS_ERROR_SYNTAX, 0},
	        {"1 ", LS_ERROR_SYNTAX, 0},
	        {"0x10", LS_ERROR_SYNTAX, 0},
	        {"18446744073709551616", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(ls_parse_u64(rows[i].text, 0, 300, &value), rows[i].code);
		assert_int_equal(value, rows[i].value);
	}
}

static void test_map_against_churn(void **state)
{
	enum {
		KEYS = 2000
	};
	static uint32_t keys[KEYS];
	struct ls_map *map = ls_map_new();
	size_t cursor = 0, seen = 0;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++) {
		keys[i] = i;
		assert_int_equal(ls_map_add(map, &keys[i], sizeof(keys[i]), &keys[i]), 0);
		assert_int_equal(ls_map_add(map, &keys[i], sizeof(keys[i]), &keys[i]), -EEXIST);
	}
	for (uint32_t i = 0; i < KEYS; i += 3)
		assert_ptr_equal(ls_map_remove(map, &i, sizeof(i)), &keys[i]);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_ptr_equal(ls_map_get(map, &i, sizeof(i)), i % 3 ? &keys[i] : NULL);
	while (ls_map_next(map, &cursor))
		seen++;
	assert_int_equal(seen, ls_map_count(map));
	ls_map_free(map);
}

static void test_arena_limit(void **state)
{
	struct ls_arena *arena = ls_arena_new(100000);
	char *text = ls_arena_strdup(arena, "hello");

	(void)state;
	assert_non_null(ls_arena_alloc(arena, 50000, 1));
	assert_string_equal(text, "hello");
	assert_null(ls_arena_alloc(arena, 60000, 1));
	assert_null(ls_arena_alloc(arena, SIZE_MAX, 16));
	assert_non_null(ls_arena_alloc(arena, 100, 16));
	ls_arena_free(arena);
}

static void test_file_replace(void **state)
{
	char dir[] = "/tmp/ls-files-XXXXXX";
	char path[64], *data;
	struct ls_fail fail;
	struct stat st;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/a/b/state.json", dir);
	assert_int_equal(ls_file_make_parent(path, 0700, &fail), 0);
	assert_int_equal(ls_file_replace(path, "one", 3, 0600, &fail), 0);
	assert_int_equal(ls_file_replace(path, "two!", 4, 0600, &fail), 0);
	assert_int_equal(ls_file_read(path, 100, &data, &len, &fail), 0);
	assert_int_equal(len, 4);
	assert_string_equal(data, "two!");
	free(data);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(ls_file_read(path, 3, &data, &len, &fail), LS_ERROR_LIMIT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ls_file_read(path, 3, &data, &len, &fail), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/a/b", dir);
	assert_int_equal(rmdir(path), 0); /* empty: no temporary file stayed */
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* What is no regular file gets the bytes and stays what it is. */
static void test_file_rewrite_of_a_pipe(void **state)
{
	char dir[] = "/tmp/ls-files-XXXXXX";
	char path[64], data[8] = "";
	struct ls_fail fail;
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ls_file_rewrite(path, "one", 3, 0644, &fail), 0);
	assert_int_equal(read(fd, data, sizeof(data)), 3);
	assert_string_equal(data, "one");
	assert_int_equal(close(fd), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(ls_file_rewrite(dir, "one", 3, 0644, &fail), -EISDIR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_file_rewrite_of_a_dangling_link(void **state)
{
	char dir[] = "/tmp/ls-files-XXXXXX";
	char path[64], target[64], *data;
	struct ls_fail fail;
	struct stat st;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/link", dir);
	(void)snprintf(target, sizeof(target), "%s/target", dir);
	assert_int_equal(symlink("target", path), 0);
	assert_int_equal(ls_file_rewrite(path, "one", 3, 0640, &fail), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(ls_file_read(target, 100, &data, &len, &fail), 0);
	assert_string_equal(data, "one");
	free(data);
	assert_int_equal(unlink(target), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_utf8(void **state)
{
	(void)state;
	assert_true(ls_utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
	assert_false(ls_utf8_valid("\xc0\xaf", 2));
	assert_false(ls_utf8_valid("\xed\xa0\x80", 3));
	assert_false(ls_utf8_valid("a\0b", 3));
	assert_false(ls_utf8_valid("\xe2\x82", 2));
}

static void test_ratelimit(void **state)
{
	struct ls_ratelimit limit = LS_RATELIMIT_INIT(2, LS_NS_PER_S);
	uint64_t now = 5 * LS_NS_PER_S;

	(void)state;
	assert_true(ls_ratelimit_pass(&limit, now));
	assert_true(ls_ratelimit_pass(&limit, now));
	assert_false(ls_ratelimit_pass(&limit, now));
	assert_true(ls_ratelimit_pass(&limit, now + LS_NS_PER_S));
	assert_false(ls_ratelimit_pass(&limit, now + LS_NS_PER_S + 1));
	assert_int_equal(limit.suppressed, 2);
}

static void loop_inside(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	assert_int_equal(event_base_loop(arg, EVLOOP_NONBLOCK), -1);
}

/* What stderr gets while libevent warns: it may not be looped from inside of itself. */
static size_t warn(char *ret, size_t size)
{
	const struct timeval at_once = {0};
	struct event_base *base = event_base_new();
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n;

	assert_non_null(base);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(event_base_once(base, -1, EV_TIMEOUT, loop_inside, base, &at_once), 0);
	assert_int_equal(event_base_dispatch(base), 1);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	n = read(ends[0], ret, size - 1);
	ret[n < 0 ? 0 : n] = '\0';
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(saved);
	event_base_free(base);
	return strlen(ret);
}

static void test_event_log(void **state)
{
	char text[512];

	(void)state;
	ls_event_log_start();
	assert_int_equal(warn(text, sizeof(text)), 0);
	ls_log_set_level(LS_LOG_DEBUG);
	(void)warn(text, sizeof(text));
	ls_log_set_level(LS_LOG_INFO);
	assert_non_null(
	        strstr(text, "level=debug event=libevent.message text=\"event_base_loop: "));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_fail_masks_control),
	        cmocka_unit_test(test_fail_keeps_what_code_asks_for),
	        cmocka_unit_test(test_once_until_it_changes),
	        cmocka_unit_test(test_control_characters),
	        cmocka_unit_test(test_parse_u64),
	        cmocka_unit_test(test_map_against_churn),
	        cmocka_unit_test(test_arena_limit),
	        cmocka_unit_test(test_file_replace),
	        cmocka_unit_test(test_file_rewrite_of_a_pipe),
	        cmocka_unit_test(test_file_rewrite_of_a_dangling_link),
	        cmocka_unit_test(test_utf8),
	        cmocka_unit_test(test_ratelimit),
	        cmocka_unit_test(test_event_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
