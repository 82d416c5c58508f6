/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/frame/args.h"
#include "cli/frame/check.h"
#include "cli/frame/help.h"
#include "cli/frame/need.h"

enum {
	WORDS_MAX = 16,
};

/* A command line as a process gets it: strings of its own, which parsing may overwrite. */
struct line {
	char *argv[WORDS_MAX + 1];
	int argc;
};

static void line_make(struct line *line, const char *const *words)
{
	*line = (struct line){0};
	line->argv[line->argc++] = ls_strdup("lightscale-client");
	for (; words[line->argc - 1]; line->argc++)
		line->argv[line->argc] = ls_strdup(words[line->argc - 1]);
}

static void line_free(struct line *line)
{
	for (int i = 0; i < line->argc; i++)
		free(line->argv[i]);
}

static int parse(const char *const *words, struct cli_args *ret, struct ls_fail *fail)
{
	struct line line;
	int r;

	line_make(&line, words);
	r = cli_args_parse(line.argc, line.argv, ret, fail);
	line_free(&line);
	return r;
}

#define PARSE(args, fail, ...) parse((const char *const[]){__VA_ARGS__, NULL}, args, fail)

static void test_options_around_the_command(void **state)
{
	struct cli_args args;
	struct ls_fail fail = {0};

	(void)state;
	assert_int_equal(PARSE(&args, &fail, "--profile", "lab", "admin", "--config=/c", "token",
	                       "create", "--uses", "3", "net", "--state-dir", "/s", "-vv"),
	                 0);
	assert_string_equal(args.path, "admin token create");
	assert_string_equal(cli_text(&args, "profile"), "lab");
	assert_string_equal(cli_text(&args, "config"), "/c");
	assert_string_equal(cli_text(&args, "state-dir"), "/s");
	assert_int_equal(cli_number(&args, "uses"), 3);
	assert_int_equal(cli_number(&args, "ttl-seconds"), 3600);
	assert_int_equal(cli_count(&args, "verbose"), 2);
	assert_false(cli_given(&args, "json"));
	assert_string_equal(args.positionals[0], "net");
	cli_args_done(&args);
}

static void test_aliases_and_lists(void **state)
{
	struct cli_args args;
	struct ls_fail fail = {0};
	const char **urls;
	size_t count;

	(void)state;
	assert_int_equal(PARSE(&args, &fail, "--bootstrap-url", "http://a,http://b:81",
	                       "--control-url=http://c", "netmap"),
	                 0);
	urls = cli_list(&args, "control-url", &count);
	assert_int_equal(count, 3);
	assert_string_equal(urls[0], "http://a");
	assert_string_equal(urls[1], "http://b:81");
	assert_string_equal(urls[2], "http://c");
	free(urls);
	urls = cli_list(&args, "config", &count);
	assert_int_equal(count, 0);
	free(urls);
	cli_args_done(&args);
}

static void test_double_dash_ends_options(void **state)
{
	struct cli_args args;
	struct ls_fail fail = {0};

	(void)state;
	assert_int_equal(PARSE(&args, &fail, "register", "--", "-token-with-dash"), 0);
	assert_string_equal(args.positionals[0], "-token-with-dash");
	cli_args_done(&args);
}

/* "acl set" has a --json of its own, with an argument. */
static void test_own_option_hides_the_shared_one(void **state)
{
	struct cli_args args;
	struct ls_fail fail = {0};

	(void)state;
	assert_int_equal(PARSE(&args, &fail, "admin", "acl", "set", "n", "--json", "{}"), 0);
	assert_string_equal(cli_text(&args, "json"), "{}");
	cli_args_done(&args);
	assert_int_equal(PARSE(&args, &fail, "admin", "acl", "get", "n", "--json"), 0);
	assert_true(cli_given(&args, "json"));
	cli_args_done(&args);
}

static void test_help_and_version_win(void **state)
{
	static const struct {
		const char *words[5];
		enum cli_wish wish;
		const char *path;
	} rows[] = {
	        {{"--help"}, CLI_WISH_HELP, ""},
	        {{"-h"}, CLI_WISH_HELP, ""},
	        {{"--version"}, CLI_WISH_VERSION, ""},
	        {{"admin", "--help"}, CLI_WISH_HELP, "admin"},
	        {{"--help", "admin", "nonsense"}, CLI_WISH_HELP, ""},
	        {{"admin", "token", "create", "--help"}, CLI_WISH_HELP, "admin token create"},
	        {{"register", "a", "b", "--help"}, CLI_WISH_HELP, "register"},
	        {{"netmap", "--version"}, CLI_WISH_VERSION, "netmap"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cli_args args;
		struct ls_fail fail = {0};

		assert_int_equal(parse(rows[i].words, &args, &fail), 0);
		assert_int_equal(args.wish, rows[i].wish);
		assert_string_equal(args.path, rows[i].path);
		cli_args_done(&args);
	}
}

/* Existing servers make tokens that begin with a dash, or two. */
static void test_tokens_that_begin_with_a_dash(void **state)
{
	static const char *const tokens[] = {"-KdM6EBYZfqkoZ2iFGR2qI8vdx3rxzaak-ymGsZJFxI",
	                                     "--dM6EBYZfqkoZ2iFGR2qI8vdx3rxzaak-ymGsZJFxI"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cli_args args;
		struct ls_fail fail = {0};
		struct line line;

		line_make(&line, (const char *const[]){"register", tokens[i], "--json",
		                                       "--node-name", tokens[i], NULL});
		assert_int_equal(cli_args_parse(line.argc, line.argv, &args, &fail), 0);
		assert_string_equal(args.positionals[0], tokens[i]);
		assert_string_equal(cli_text(&args, "node-name"), tokens[i]);
		assert_true(cli_given(&args, "json"));
		assert_true(strspn(line.argv[2], "*") == strlen(tokens[i]));
		cli_args_done(&args);
		line_free(&line);
		/* Where none is wanted it is not repeated as a whole. */
		assert_int_equal(PARSE(&args, &fail, "netmap", tokens[i]), LS_ERROR_USAGE);
		assert_null(strstr(fail.text, tokens[i]));
		cli_args_done(&args);
	}
}

static void test_usage_errors(void **state)
{
	static const struct {
		const char *words[7];
		const char *text; /* what the message holds */
	} rows[] = {
	        {{NULL}, "no command given"},
	        {{"admin"}, "'admin' needs a command after it"},
	        {{"regsiter", "t"}, "unknown command 'regsiter'; did you mean 'register'?"},
	        {{"admin", "token", "craete"}, "did you mean 'admin token create'?"},
	        {{"xyzzy"}, "unknown command 'xyzzy' (see"},
	        {{"admin token create"}, "unknown command 'admin token create'"},
	        {{"--profle", "x", "netmap"}, "unknown option --profle; did you mean --profile?"},
	        {{"netmap", "--jsn"}, "unknown option --jsn; did you mean --json?"},
	        {{"netmap", "-z"}, "unknown option -z"},
	        {{"--admin-tokn=secret", "netmap"}, "unknown option --admin-tokn; did you"},
	        {{"netmap", "--profile"}, "option --profile needs a value: NAME"},
	        {{"netmap", "--json=yes"}, "option --json takes no value"},
	        {{"netmap", "--profile", "a", "--profile", "b"}, "--profile was given twice"},
	        {{"register"}, "'register' needs TOKEN"},
	        {{"register", "a", "b"}, "'register' does not take the argument 'b'"},
	        {{"register", "a", "'0123456789-secret-0123456789_0123456789-abcde'"},
	         "'register' does not take the argument ''0123456..' (see"},
	        {{"register-0123456789-secret-0123456789_0123456789-abc"},
	         "unknown command 'register..' (see"},
	        {{"--0123456789-secret-0123456789_0123456789-abcde"},
	         "unknown option --012345.. (see"},
	        {{"register", ""}, "TOKEN must not be empty"},
	        {{"register", "a\nb"}, "TOKEN must be UTF-8 without control"},
	        {{"netmap", "--profile="}, "--profile: the value must not be empty"},
	        {{"netmap", "--profile", "a\x7f"}, "--profile: the value must be UTF-8"},
	        {{"netmap", "--profile", "a\xff"}, "--profile: the value must be UTF-8"},
	        {{"netmap", "--control-url", "http://a,,http://b"}, "must not be empty"},
	        {{"netmap", "--control-url", "ftp://a"}, "--control-url: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cli_args args;
		struct ls_fail fail = {0};

		assert_int_equal(parse(rows[i].words, &args, &fail), LS_ERROR_USAGE);
		if (!strstr(fail.text, rows[i].text))
			fail_msg("row %zu: '%s' lacks '%s'", i, fail.text, rows[i].text);
		assert_null(strstr(fail.text, "secret"));
		cli_args_done(&args);
	}
}

static void test_secrets_leave_argv(void **state)
{
	static const struct {
		const char *words[6];
		int at;
		const char *after;
		int code;
	} rows[] = {
	        {{"--admin-token", "s3cret", "netmap"}, 2, "******", 0},
	        {{"netmap", "--admin-token=s3cret"}, 2, "--admin-token=******", 0},
	        {{"register", "s3cret"}, 2, "******", 0},
	        {{"--admin-token", "s3cret", "nonsense"}, 2, "******", LS_ERROR_USAGE},
	        {{"netmap", "--profile", "s3cret"}, 3, "s3cret", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cli_args args;
		struct ls_fail fail = {0};
		struct line line;

		line_make(&line, rows[i].words);
		assert_int_equal(cli_args_parse(line.argc, line.argv, &args, &fail), rows[i].code);
		assert_string_equal(line.argv[rows[i].at], rows[i].after);
		cli_args_done(&args);
		line_free(&line);
	}
}

static void test_kinds(void **state)
{
	static const char *const colours[] = {"red", "blue", NULL};
	static const struct {
		struct cli_option option;
		const char *text;
		const char *message; /* NULL: accepted */
	} rows[] = {
	        {{.kind = CLI_NUMBER, .min = 1, .max = 9}, "9", NULL},
	        {{.kind = CLI_NUMBER, .min = 1, .max = 9}, "0", "a whole number from 1 to 9"},
	        {{.kind = CLI_NUMBER, .min = 1, .max = 9}, "-1", "a whole number from 1 to 9"},
	        {{.kind = CLI_NUMBER, .min = 1, .max = 9}, "1x", "a whole number from 1 to 9"},
	        {{.kind = CLI_PREFIX}, "10.0.0.0/8", NULL},
	        {{.kind = CLI_PREFIX}, "fd00::/64", NULL},
	        {{.kind = CLI_PREFIX}, "10.0.0.1/8", "did you mean 10.0.0.0/8?"},
	        {{.kind = CLI_PREFIX}, "10.0.0.0/33", "not an IP prefix"},
	        {{.kind = CLI_ROUTE}, "10.0.0.0/8", NULL},
	        {{.kind = CLI_ROUTE}, "10.0.0.1/8", NULL},
	        {{.kind = CLI_ROUTE}, "0.0.0.0/0", NULL},
	        {{.kind = CLI_ROUTE}, "10.0.0.0/33", "not an IP prefix"},
	        {{.kind = CLI_ENDPOINT}, "192.0.2.1:51820", NULL},
	        {{.kind = CLI_ENDPOINT}, "[2001:db8::1]:1", NULL},
	        {{.kind = CLI_ENDPOINT}, "192.0.2.1", "not an address and port"},
	        {{.kind = CLI_ENDPOINT}, "host.example:1", NULL},
	        {{.kind = CLI_ENDPOINT}, "host.example", "nor a name and port"},
	        {{.kind = CLI_ENDPOINT}, "host%eth0:1", "a zone id"},
	        {{.kind = CLI_MAPPING}, "10.1.0.0/24=10.2.0.0/24", NULL},
	        {{.kind = CLI_MAPPING}, "10.1.0.1/24=10.2.0.9/24", NULL},
	        {{.kind = CLI_MAPPING}, "10.1.0.0/24=10.2.0.0/25", "of one family and one length"},
	        {{.kind = CLI_MAPPING}, "10.1.0.0/24=fd00::/24", "of one family and one length"},
	        {{.kind = CLI_MAPPING}, "10.1.0.0/24", "not REAL=MAPPED"},
	        {{.kind = CLI_URL}, "https://a.example/x", NULL},
	        {{.kind = CLI_URL}, "a.example", "--o: "},
	        {{.kind = CLI_URL}, "https://a.example/x?y", "a query or fragment has no place"},
	        {{.kind = CLI_PAGE_URL}, "https://a.example/x?y=1&z#!/a", NULL},
	        {{.kind = CLI_PAGE_URL}, "https://a.example?y<z", "must be escaped"},
	        {{.kind = CLI_PAGE_URL}, "a.example?y", "--o: "},
	        {{.kind = CLI_CHOICE, .choices = colours}, "blue", NULL},
	        {{.kind = CLI_CHOICE, .choices = colours}, "bl", "must be one of red, blue"},
	        {{.kind = CLI_IFNAME}, "ls-home", NULL},
	        {{.kind = CLI_IFNAME}, "ls-", "must be ls-NAME"},
	        {{.kind = CLI_IFNAME}, "eth0", "must be ls-NAME"},
	        {{.kind = CLI_IFNAME}, "ls-a/b", "must be ls-NAME"},
	        {{.kind = CLI_IFNAME}, "ls-3456789012345", "must be ls-NAME"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cli_option option = rows[i].option;
		struct ls_fail fail = {0};

		option.name = "o";
		assert_int_equal(cli_check_value(&option, rows[i].text, &fail),
		                 rows[i].message ? LS_ERROR_USAGE : 0);
		if (rows[i].message && !strstr(fail.text, rows[i].message))
			fail_msg("row %zu: '%s' lacks '%s'", i, fail.text, rows[i].message);
	}
}

static void check_options(const char *path, const struct cli_option *options)
{
	for (size_t i = 0; options && options[i].name; i++) {
		const struct cli_option *option = &options[i];
		struct ls_fail fail = {0};

		if (!option->help || strlen(option->help) > 90 ||
		    option->help[strlen(option->help) - 1] == '.')
			fail_msg("%s --%s: help is missing, long or a sentence", path,
			         option->name);
		if ((option->kind == CLI_FLAG) != !option->placeholder)
			fail_msg("%s --%s: placeholder", path, option->name);
		if ((option->kind == CLI_CHOICE) != (option->choices != NULL))
			fail_msg("%s --%s: choices", path, option->name);
		if (option->default_value && cli_check_value(option, option->default_value, &fail))
			fail_msg("%s: default: %s", path, fail.text);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(option->name, options[j].name);
	}
}

/* A command without a function, as its part is not built, must never be called. */
static void check_need(const struct cli_command *command)
{
	struct cli_args args = {.command = command};
	struct ls_fail fail = {0};

	(void)snprintf(args.path, sizeof(args.path), "%s", command->path);
	if (command->need == CLI_NEED_NOTHING) {
		assert_non_null(command->run);
		assert_int_equal(cli_need_check(&args, &fail), 0);
	} else if (!command->run) {
		assert_int_equal(cli_need_check(&args, &fail), -ENOTSUP);
		assert_true(ls_str_starts(fail.text, command->path));
	}
}

static void test_the_table_holds(void **state)
{
	(void)state;
	check_options("", cli_global_options);
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];
		char parent[CLI_PATH_MAX] = "";
		const char *blank = strrchr(command->path, ' ');

		check_need(command);
		assert_null(strchr(command->summary, '\n'));
		check_options(command->path, command->options);
		assert_ptr_equal(cli_command_find(command->path), command);
		if (blank)
			memcpy(parent, command->path, (size_t)(blank - command->path));
		if (parent[0] && !cli_group_find(parent))
			fail_msg("no group '%s'", parent);
	}
}

static void test_help_fits_the_width(void **state)
{
	(void)state;
	for (size_t i = 0; cli_commands[i]; i++) {
		char *text = NULL, *rest;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		cli_help_print(out, cli_commands[i]->path);
		assert_int_equal(fclose(out), 0);
		assert_non_null(strstr(text, cli_commands[i]->summary));
		rest = text;
		for (char *one; (one = strsep(&rest, "\n"));) {
			if (strlen(one) > 100 || (*one && one[strlen(one) - 1] == ' '))
				fail_msg("%s: '%s'", cli_commands[i]->path, one);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_options_around_the_command),
	        cmocka_unit_test(test_aliases_and_lists),
	        cmocka_unit_test(test_double_dash_ends_options),
	        cmocka_unit_test(test_own_option_hides_the_shared_one),
	        cmocka_unit_test(test_help_and_version_win),
	        cmocka_unit_test(test_usage_errors),
	        cmocka_unit_test(test_tokens_that_begin_with_a_dash),
	        cmocka_unit_test(test_secrets_leave_argv),
	        cmocka_unit_test(test_kinds),
	        cmocka_unit_test(test_the_table_holds),
	        cmocka_unit_test(test_help_fits_the_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
