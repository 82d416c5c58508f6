/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands and options. It alone drives parsing, --help and what is generated from
 * them; a command that is not in it does not exist. */
#ifndef LS_CLI_FRAME_COMMAND_H
#define LS_CLI_FRAME_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CLI_PROGRAM "lightscale-client"

enum {
	CLI_POSITIONALS_MAX = 3,
	CLI_PATH_MAX = 64, /* a command path with its blanks and NUL */
};

/* What an option's argument must look like; checked while parsing, so that commands only ever see
 * values that hold. */
enum cli_kind {
	CLI_FLAG,      /* no argument */
	CLI_TEXT,      /* not empty, no control characters */
	CLI_SECRET,    /* the same; wiped from the process's arguments */
	CLI_NUMBER,    /* decimal within [min, max] */
	CLI_PREFIX,    /* an IP prefix without host bits */
	CLI_ENDPOINT,  /* numeric IP:PORT */
	CLI_HOST_PORT, /* HOST:PORT, host a name or an IP address */
	CLI_MAPPING,   /* REAL=MAPPED: two prefixes of one family and length */
	CLI_URL,       /* http:// or https:// */
	CLI_CHOICE,    /* one of `choices` */
	CLI_IFNAME,    /* an interface name: ls-..., at most 15 bytes */
};

/* What a command or option needs of this build and host. Where that is missing it is refused in one
 * line, before anything is read or changed (need.h). */
enum cli_need {
	CLI_NEED_NOTHING,
	CLI_NEED_DATA_PLANE, /* a build with the WireGuard data plane */
	CLI_NEED_TUN,        /* that, and a host that gives out TUN devices */
};

struct cli_option {
	const char *name;  /* long name without dashes; NULL ends a table */
	const char *alias; /* another long name, may be NULL */
	char short_name;   /* '\0' for none */
	enum cli_kind kind;
	bool repeatable;           /* may be given again; arguments are comma lists, too */
	const char *placeholder;   /* "NAME"; NULL for flags */
	const char *help;          /* one phrase, lower case, no full stop */
	const char *default_value; /* the value when the option is absent, may be NULL */
	const char *default_help;  /* what --help says of a default that is not a fixed value */
	uint64_t min;
	uint64_t max;
	const char *const *choices; /* NULL-terminated */
	enum cli_need need;
};

struct cli_positional {
	const char *name; /* "TOKEN"; NULL ends the list */
	const char *help;
	bool secret;
	const char *const *choices; /* NULL: anything */
};

struct cli_args;

struct cli_command {
	const char *path;        /* "admin token create" */
	const char *summary;     /* one line for lists */
	const char *description; /* more paragraphs for --help, may be NULL */
	struct cli_positional positionals[CLI_POSITIONALS_MAX + 1]; /* all are required */
	const struct cli_option *options;                           /* NULL for none */
	enum cli_need need;
	/* Prints results on stdout. A negative code ends the program with 1, LS_ERROR_USAGE with 2,
	 * after `fail` has been printed. NULL where what it needs is not built. */
	int (*run)(const struct cli_args *args, struct ls_fail *fail);
};

/* Words that only lead to commands: "admin", "admin token". */
struct cli_group {
	const char *path;
	const char *summary;
};

extern const struct cli_command *const cli_commands[]; /* in the order of --help; NULL ends */
extern const struct cli_group cli_groups[];            /* a NULL path ends */
extern const struct cli_option cli_global_options[];   /* a NULL name ends */

/* NULL when there is no such command or group. */
const struct cli_command *cli_command_find(const char *path);
const struct cli_group *cli_group_find(const char *path);
/* True when `path` is one word below `parent` ("" is the root). */
bool cli_path_is_child(const char *parent, const char *path);
/* Its last word. */
const char *cli_path_last(const char *path);
/* The command's own option or a global one, by name or alias; NULL when there is none. `command`
 * may be NULL. */
const struct cli_option *cli_option_find(const struct cli_command *command, const char *name);

/* True for an option of some command. */
bool cli_option_is_known(const char *name);

/* What was meant, NULL when nothing is near; whatever the case of letters. */
/* The whole path of the command or group below `parent` whose last word is nearest to `word`, else
 * of the only one anywhere that ends in it. */
const char *cli_suggest_path(const char *parent, const char *word);
/* An option of `command` (may be NULL) or a global one. */
const char *cli_suggest_option(const struct cli_command *command, const char *word);
/* `choices` ends with NULL. */
const char *cli_suggest_choice(const char *const *choices, const char *word);

#endif
