/* SPDX-License-Identifier: Apache-2.0 */
/* Parses options level by level: the global options before each word of a command's path; after the
 * path, the command's own and the global options, in any order with the positionals. Each level is
 * one popt context over a table made from ours. */
#include "cli/frame/args.h"

#include <assert.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/frame/check.h"
#include "cli/frame/later.h"
#include "cli/frame/token_word.h"
#include "crypto/keys.h"

enum {
	LEVEL_OPTIONS_MAX = 64, /* a command's own and the global options, with aliases */
};

struct level {
	struct poptOption table[LEVEL_OPTIONS_MAX + 1]; /* popt stops at the zeroed last entry */
	const struct cli_option *map[LEVEL_OPTIONS_MAX];
	int count;
};

static void level_add_name(struct level *level, const struct cli_option *option, const char *name,
                           char short_name)
{
	assert(level->count < LEVEL_OPTIONS_MAX);
	level->map[level->count] = option;
	level->table[level->count] = (struct poptOption){
	        .longName = name,
	        .shortName = short_name,
	        .argInfo = option->kind == CLI_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING,
	        .val = level->count + 1,
	};
	level->count++;
}

static void level_add(struct level *level, const struct cli_command *command,
                      const struct cli_option *options)
{
	for (; options && options->name; options++) {
		/* A command's own option hides a global one of that name. */
		if (cli_option_find(command, options->name) != options)
			continue;
		level_add_name(level, options, options->name, options->short_name);
		if (options->alias)
			level_add_name(level, options, options->alias, '\0');
	}
}

static int usage(const struct cli_args *args, struct ls_fail *fail, const char *text)
{
	return ls_fail_set(fail, LS_ERROR_USAGE, "%s (see '" CLI_PROGRAM "%s%s --help')", text,
	                   args->path[0] ? " " : "", args->path);
}

static int fail_option(const struct cli_args *args, poptContext context, int code,
                       struct ls_fail *fail)
{
	const char *given = poptBadOption(context, POPT_BADOPTION_NOALIAS);
	char name[64], shown[TOKEN_WORD_SHOWN], text[256];
	const struct cli_option *option;
	const char *near;

	/* The text after '=' may be a secret: leave it out of the message. */
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(given, "="), given);
	option = cli_option_find(args->command, name + strspn(name, "-"));
	if (code == POPT_ERROR_NOARG) {
		(void)snprintf(text, sizeof(text), "option %s needs a value%s%s", name,
		               option ? ": " : "", option ? option->placeholder : "");
		return usage(args, fail, text);
	}
	if (code == POPT_ERROR_UNWANTEDARG) {
		(void)snprintf(text, sizeof(text), "option %s takes no value", name);
		return usage(args, fail, text);
	}
	if (!args->command && cli_option_is_known(name + strspn(name, "-"))) {
		(void)snprintf(text, sizeof(text), "option %s goes after its command", name);
		return usage(args, fail, text);
	}
	if (cli_is_later(name + strspn(name, "-"))) {
		(void)snprintf(text, sizeof(text),
		               "unknown option %s: this version does not support it here", name);
		return usage(args, fail, text);
	}
	near = cli_suggest_option(args->command, name + strspn(name, "-"));
	(void)snprintf(text, sizeof(text), "unknown option %s%s%s%s",
	               cli_token_word_shown(name, shown), near ? "; did you mean --" : "",
	               near ? near : "", near ? "?" : "");
	return usage(args, fail, text);
}

static void store_value(struct cli_args *args, const struct cli_option *option, const char *text)
{
	/* There are at most as many values as words on the command line: the kernel bounds that. */
	if (ls_try_grow((void **)&args->values, &args->value_cap, args->value_count + 1,
	                sizeof(*args->values)) < 0)
		abort();
	args->values[args->value_count++] =
	        (struct cli_value){.option = option, .text = ls_strdup(text)};
}

/* Splits a comma-separated list; an empty item is an error. */
static int add_list(struct cli_args *args, const struct cli_option *option, const char *text,
                    struct ls_fail *fail)
{
	LS_FREE char *copy = ls_strdup(text);
	char *rest = copy;

	for (char *item; (item = strsep(&rest, ","));) {
		int r = cli_check_value(option, item, fail);

		if (r < 0)
			return r;
		store_value(args, option, item);
	}
	return 0;
}

static int add_value(struct cli_args *args, const struct cli_option *option, const char *text,
                     struct ls_fail *fail)
{
	int r;

	if (!option->repeatable && cli_count(args, option->name) > 0)
		return ls_fail_set(fail, LS_ERROR_USAGE, "option --%s was given twice",
		                   option->name);
	if (option->kind == CLI_FLAG) {
		store_value(args, option, "");
		return 0;
	}
	if (option->repeatable)
		return add_list(args, option, text, fail);
	r = cli_check_value(option, text, fail);
	/* A wrong value is stored, too, so that a secret is wiped from argv. */
	store_value(args, option, text);
	return r;
}

static int take_options(struct cli_args *args, const struct level *level, poptContext context,
                        struct ls_fail *fail)
{
	int code;

	while ((code = poptGetNextOpt(context)) > 0) {
		KEY_FREE_STRING char *text = poptGetOptArg(context);
		int r = add_value(args, level->map[code - 1],
		                  text ? cli_token_word_unmark(text) : "", fail);

		if (r < 0)
			return r;
	}
	if (code < -1)
		return fail_option(args, context, code, fail);
	return 0;
}

/* Parses the options of one level. While `args->command` is NULL, it stops at the first word. Else
 * all words are positionals, and *ret_words gets them as a malloced array of malloced strings.
 * *ret_count is the number of words that are left. */
static int parse_level(struct cli_args *args, int argc, char **argv, int *ret_count,
                       char ***ret_words, struct ls_fail *fail)
{
	struct level level = {0};
	unsigned flags = POPT_CONTEXT_KEEP_FIRST;
	poptContext context;
	const char **words;
	char **marked;
	int r;

	*ret_count = 0;
	if (argc == 0)
		return 0;
	marked = cli_token_words_mark(argc, argv);
	level_add(&level, args->command, args->command ? args->command->options : NULL);
	level_add(&level, args->command, cli_global_options);
	if (!args->command)
		flags |= POPT_CONTEXT_POSIXMEHARDER;
	context = poptGetContext(CLI_PROGRAM, argc, (const char **)marked, level.table, flags);
	if (!context)
		abort();
	r = take_options(args, &level, context, fail);
	words = r == 0 ? poptGetArgs(context) : NULL;
	for (; words && words[*ret_count]; (*ret_count)++)
		;
	if (ret_words && *ret_count > 0) {
		*ret_words = ls_try_array((size_t)*ret_count, sizeof(**ret_words));
		if (!*ret_words)
			abort();
		for (int i = 0; i < *ret_count; i++)
			(*ret_words)[i] = ls_strdup(cli_token_word_unmark(words[i]));
	}
	poptFreeContext(context);
	cli_token_words_free(marked, argc, argv);
	return r;
}

static int unknown_word(const struct cli_args *args, const char *word, struct ls_fail *fail)
{
	bool later = !args->path[0] && cli_is_later(word);
	const char *near = later ? NULL : cli_suggest_path(args->path, word);
	char shown[TOKEN_WORD_SHOWN], text[256];

	(void)snprintf(text, sizeof(text), "unknown command '%s%s%s'%s%s%s%s", args->path,
	               args->path[0] ? " " : "", cli_token_word_shown(word, shown),
	               later ? ": this version does not support it" : "",
	               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return usage(args, fail, text);
}

static int missing_command(const struct cli_args *args, struct ls_fail *fail)
{
	char text[CLI_PATH_MAX + 40] = "no command given";

	if (args->path[0])
		(void)snprintf(text, sizeof(text), "'%s' needs a command after it", args->path);
	return usage(args, fail, text);
}

static int descend(struct cli_args *args, const char *word, struct ls_fail *fail)
{
	char path[CLI_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s", args->path, args->path[0] ? " " : "", word);

	if (n < 0 || (size_t)n >= sizeof(path) || strchr(word, ' '))
		return unknown_word(args, word, fail);
	args->command = cli_command_find(path);
	if (!args->command && !cli_group_find(path))
		return unknown_word(args, word, fail);
	memcpy(args->path, path, sizeof(path));
	return 0;
}

/* Joins the words of a list by commas. */
static void take_list(struct cli_args *args, size_t at, char **words, int count)
{
	struct ls_buf text = {0};

	for (int i = (int)at; i < count; i++)
		ls_buf_printf(&text, "%s%s", i > (int)at ? "," : "", words[i]);
	free(args->positionals[at]);
	args->positionals[at] = ls_strdup(ls_buf_text(&text) ? ls_buf_text(&text) : "");
	ls_buf_done(&text);
}

static int take_positionals(struct cli_args *args, char **words, int count, struct ls_fail *fail)
{
	const struct cli_positional *specs = args->command->positionals;
	char shown[TOKEN_WORD_SHOWN];
	size_t wanted = 0;

	while (specs[wanted].name)
		wanted++;
	for (int i = 0; i < count && (size_t)i < wanted; i++) {
		args->positionals[i] = ls_strdup(words[i]);
		args->positional_count++;
	}
	if (wanted > 0 && specs[wanted - 1].list && (size_t)count > wanted) {
		take_list(args, wanted - 1, words, count);
		count = (int)wanted;
	}
	if ((size_t)count > wanted)
		return ls_fail_set(
		        fail, LS_ERROR_USAGE,
		        "'%s' does not take the argument '%s' (see '" CLI_PROGRAM " %s --help')",
		        args->path, cli_token_word_shown(words[wanted], shown), args->path);
	for (size_t i = 0; i < wanted; i++) {
		if (i >= (size_t)count)
			return ls_fail_set(fail, LS_ERROR_USAGE,
			                   "'%s' needs %s: %s (see '" CLI_PROGRAM " %s --help')",
			                   args->path, specs[i].name, specs[i].help, args->path);
		if (cli_check_positional(&specs[i], args->positionals[i], fail) < 0)
			return LS_ERROR_USAGE;
	}
	return 0;
}

/* --help and --version take precedence over any other option and over missing arguments. */
static bool take_wish(struct cli_args *args)
{
	if (cli_given(args, "help"))
		args->wish = CLI_WISH_HELP;
	else if (cli_given(args, "version"))
		args->wish = CLI_WISH_VERSION;
	return args->wish != CLI_WISH_RUN;
}

static int parse_command(struct cli_args *args, int argc, char **argv, struct ls_fail *fail)
{
	char **words = NULL;
	int count, r;

	r = parse_level(args, argc, argv, &count, &words, fail);
	if (r == 0 && !take_wish(args))
		r = take_positionals(args, words, count, fail);
	for (int i = 0; i < count; i++)
		key_free_string(words[i]);
	free(words);
	return r;
}

/* "help admin token": the words name a command or a group. */
static int take_help(struct cli_args *args, int argc, char **argv, struct ls_fail *fail)
{
	args->path[0] = '\0';
	args->command = NULL;
	for (int i = 0; i < argc; i++) {
		int r = args->command ? unknown_word(args, argv[i], fail)
		                      : descend(args, argv[i], fail);

		if (r < 0)
			return r;
	}
	args->wish = CLI_WISH_HELP;
	return 0;
}

static int parse(struct cli_args *args, int argc, char **argv, struct ls_fail *fail)
{
	while (!args->command) {
		int left;
		int r = parse_level(args, argc, argv, &left, NULL, fail);

		if (r < 0)
			return r;
		if (take_wish(args))
			return 0;
		if (left == 0)
			return missing_command(args, fail);
		argv += argc - left;
		argc = left;
		r = descend(args, argv[0], fail);
		if (r < 0)
			return r;
		argv++;
		argc--;
		if (args->command && args->command->helps && (argc == 0 || argv[0][0] != '-'))
			return take_help(args, argc, argv, fail);
	}
	return parse_command(args, argc, argv, fail);
}

static void wipe_in_argv(int argc, char **argv, const char *secret)
{
	size_t len = strlen(secret);

	for (int i = 1; len > 0 && i < argc; i++) {
		size_t arg_len = strlen(argv[i]);

		if (arg_len < len || !ls_streq(argv[i] + arg_len - len, secret))
			continue;
		if (arg_len == len || argv[i][arg_len - len - 1] == '=')
			memset(argv[i] + arg_len - len, '*', len);
	}
}

static bool positional_is_secret(const struct cli_args *args, size_t i)
{
	return args->command && args->command->positionals[i].secret;
}

int cli_args_parse(int argc, char **argv, struct cli_args *ret, struct ls_fail *fail)
{
	int r;

	*ret = (struct cli_args){0};
	r = parse(ret, argc > 0 ? argc - 1 : 0, argv + (argc > 0), fail);
	for (size_t i = 0; i < ret->value_count; i++) {
		if (ret->values[i].option->kind == CLI_SECRET)
			wipe_in_argv(argc, argv, ret->values[i].text);
	}
	for (size_t i = 0; i < ret->positional_count; i++) {
		if (positional_is_secret(ret, i))
			wipe_in_argv(argc, argv, ret->positionals[i]);
	}
	return r;
}

void cli_args_done(struct cli_args *args)
{
	for (size_t i = 0; i < args->value_count; i++)
		key_free_string(args->values[i].text);
	free(args->values);
	for (size_t i = 0; i < args->positional_count; i++)
		key_free_string(args->positionals[i]);
	*args = (struct cli_args){0};
}

size_t cli_count(const struct cli_args *args, const char *option)
{
	const struct cli_option *wanted = cli_option_find(args->command, option);
	size_t count = 0;

	assert(wanted);
	for (size_t i = 0; i < args->value_count; i++)
		count += args->values[i].option == wanted;
	return count;
}

bool cli_given(const struct cli_args *args, const char *option)
{
	return cli_count(args, option) > 0;
}

const char *cli_text(const struct cli_args *args, const char *option)
{
	const struct cli_option *wanted = cli_option_find(args->command, option);

	assert(wanted);
	for (size_t i = 0; i < args->value_count; i++) {
		if (args->values[i].option == wanted)
			return args->values[i].text;
	}
	return wanted->default_value;
}

uint64_t cli_number(const struct cli_args *args, const char *option)
{
	const char *text = cli_text(args, option);
	uint64_t number = 0;

	if (text && ls_parse_u64(text, 0, UINT64_MAX, &number) < 0)
		return 0; /* not reached: the parser and the table's tests check values and defaults
		           */
	return number;
}

const char **cli_list(const struct cli_args *args, const char *option, size_t *ret_count)
{
	const struct cli_option *wanted = cli_option_find(args->command, option);
	const char **list = ls_try_array(args->value_count + 1, sizeof(*list));
	size_t count = 0;

	assert(wanted);
	if (!list)
		abort();
	for (size_t i = 0; i < args->value_count; i++) {
		if (args->values[i].option == wanted)
			list[count++] = args->values[i].text;
	}
	*ret_count = count;
	return list;
}
