/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

enum {
	FIELD_COLUMN = 15, /* column at which a field's text starts */
};

static bool quiet_notes;

static bool colour(void)
{
	static int decided = -1;

	if (decided < 0) {
		const char *no_color = getenv("NO_COLOR");
		const char *term = getenv("TERM");

		decided = isatty(STDOUT_FILENO) && !(no_color && no_color[0]) && term &&
		          !ls_streq(term, "dumb");
	}
	return decided;
}

const char *cli_style(enum cli_style style)
{
	if (!colour())
		return "";
	switch (style) {
	case CLI_STYLE_HEADER:
		return "\033[1m";
	case CLI_STYLE_GOOD:
		return "\033[32m";
	case CLI_STYLE_BAD:
		return "\033[31m";
	}
	return "";
}

const char *cli_style_end(void)
{
	return colour() ? "\033[0m" : "";
}

void cli_field(const char *label, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	ls_str_mask_control(text);
	n = FIELD_COLUMN - (int)strlen(label) - 1;
	(void)printf("%s%s:%s%*s%s\n", cli_style(CLI_STYLE_HEADER), label, cli_style_end(),
	             n > 1 ? n : 1, "", text);
	free(text);
}

void cli_field_list(const char *label, struct string_list list)
{
	LS_FREE char *text = cli_join(list, ", ");

	cli_field(label, "%s", text);
}

void cli_set_quiet(bool quiet)
{
	quiet_notes = quiet;
}

void cli_note(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (quiet_notes)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ls_str_mask_control(text);
	(void)fprintf(stderr, "%s\n", text);
}

int cli_print_json(json_t *document, struct ls_fail *fail)
{
	char *text = document ? json_dumps(document, JSON_INDENT(2) | JSON_ENCODE_ANY) : NULL;

	json_decref(document);
	if (!text)
		return ls_fail_set(fail, -ENOMEM, "cannot print the answer: out of memory");
	(void)puts(text);
	free(text);
	return 0;
}

static const struct {
	uint64_t seconds;
	const char *letter;
	const char *one;
	const char *many;
} units[] = {
        {86400, "d", "day", "days"},
        {3600, "h", "hour", "hours"},
        {60, "m", "minute", "minutes"},
        {1, "s", "second", "seconds"},
};

const char *cli_age(int64_t t, int64_t now, char buf[static CLI_AGE_TEXT])
{
	uint64_t distance = t > now ? (uint64_t)t - (uint64_t)now : (uint64_t)now - (uint64_t)t;
	size_t i = 0;

	if (t == 0) {
		(void)snprintf(buf, CLI_AGE_TEXT, "never");
		return buf;
	}
	if (distance == 0) {
		(void)snprintf(buf, CLI_AGE_TEXT, "now");
		return buf;
	}
	/* Use a unit only from two of it on: "90m" says more than "1h". */
	while (units[i].seconds > 1 && distance < 2 * units[i].seconds)
		i++;
	(void)snprintf(buf, CLI_AGE_TEXT, "%s%" PRIu64 "%s%s", t > now ? "in " : "",
	               distance / units[i].seconds, units[i].letter, t > now ? "" : " ago");
	return buf;
}

const char *cli_ago(int64_t t, int64_t now, char buf[static CLI_AGE_TEXT])
{
	return cli_age(t > now ? now : t, now, buf);
}

const char *cli_duration(uint64_t seconds, char buf[static CLI_AGE_TEXT])
{
	size_t i = 0;
	uint64_t n;

	while (units[i].seconds > 1 && (seconds < units[i].seconds || seconds % units[i].seconds))
		i++;
	n = seconds / units[i].seconds;
	(void)snprintf(buf, CLI_AGE_TEXT, "%" PRIu64 " %s", n,
	               n == 1 ? units[i].one : units[i].many);
	return buf;
}

const char *cli_size(uint64_t bytes, char buf[static CLI_SIZE_TEXT])
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		value /= 1024;
	(void)snprintf(buf, CLI_SIZE_TEXT, i == 0 ? "%.0f %s" : "%.1f %s", value, names[i]);
	return buf;
}

char *cli_join(struct string_list list, const char *separator)
{
	struct ls_buf buf = {0};

	for (size_t i = 0; i < list.count; i++)
		ls_buf_printf(&buf, "%s%s", i > 0 ? separator : "", list.items[i]);
	if (list.count == 0)
		ls_buf_puts(&buf, "-");
	if (buf.failed)
		abort();
	return buf.data;
}
