/* SPDX-License-Identifier: Apache-2.0 */
/* Any hosts file: after a write it has our block exactly once, a second write changes nothing, and
 * after our block is removed all other lines are as before. */
#include <stdlib.h>
#include <string.h>

#include "apply/hosts_file.h"
#include "tests/fuzz/fuzz.h"

#define PROFILE   "p"
#define BEGIN     "# lightscale:p begin\n"
#define OLD_BEGIN "# lightscale p begin\n"
#define END       "# lightscale:p end\n"

static struct plan_host hosts[] = {
        {.ipv4 = {LS_FAMILY_V4, {100, 64, 0, 1}}, .dns_name = "a.lab.test", .short_name = "a"},
        {.ipv6 = {LS_FAMILY_V6, {0xfd, 0x01}}, .dns_name = "b.lab.test"},
};
static const struct plan plan = {.hosts = hosts, .host_count = sizeof(hosts) / sizeof(hosts[0])};

static size_t count(const char *text, const char *line)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
		n += at == text || at[-1] == '\n';
	return n;
}

static void check(const char *old)
{
	struct ls_buf with = {0}, again = {0}, without = {0}, undone = {0}, block = {0};
	struct ls_fail fail;
	int r = apply_hosts_file_render(old, PROFILE, &plan, &with, &fail);

	/* Refused for the same reason either way: a begin without an end. */
	FUZZ_CHECK(apply_hosts_file_render(old, PROFILE, NULL, &without, &fail) == r);
	FUZZ_CHECK(r == 0 || (r == LS_ERROR_SYNTAX && (strstr(old, "# lightscale:p begin") ||
	                                               strstr(old, "# lightscale p begin"))));
	if (r == 0) {
		ls_buf_puts(&block, BEGIN);
		apply_hosts_file_lines(&plan, &block);
		ls_buf_puts(&block, END);
		FUZZ_CHECK(count(ls_buf_text(&with), ls_buf_text(&block)) == 1);
		FUZZ_CHECK(count(ls_buf_text(&with), BEGIN) == 1);
		FUZZ_CHECK(count(ls_buf_text(&without), BEGIN) == 0);
		FUZZ_CHECK(count(ls_buf_text(&without), OLD_BEGIN) == 0);
		FUZZ_CHECK(apply_hosts_file_render(ls_buf_text(&with), PROFILE, &plan, &again,
		                                   &fail) == 0);
		FUZZ_CHECK(strcmp(ls_buf_text(&again), ls_buf_text(&with)) == 0);
		FUZZ_CHECK(apply_hosts_file_render(ls_buf_text(&with), PROFILE, NULL, &undone,
		                                   &fail) == 0);
		/* But for the end of a last line that had none. */
		FUZZ_CHECK(strncmp(ls_buf_text(&undone), ls_buf_text(&without), without.len) == 0);
		FUZZ_CHECK(undone.len == without.len ||
		           (undone.len == without.len + 1 && undone.data[undone.len - 1] == '\n'));
	}
	ls_buf_done(&with);
	ls_buf_done(&again);
	ls_buf_done(&without);
	ls_buf_done(&undone);
	ls_buf_done(&block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check(text);
	free(text);
	return 0;
}
