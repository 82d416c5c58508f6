/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands and options. Parsing, --help, the man pages and the completion scripts all
 * work from it; a command that is not in it does not exist. */
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

/* What an option's argument must look like. The parser checks it, so that commands see only valid
 * values. */
enum cli_kind {
	CLI_FLAG,      /* no argument */
	CLI_TEXT,      /* not empty, UTF-8, no control characters */
	CLI_SECRET,    /* like CLI_TEXT; wiped from the process's arguments */
	CLI_NUMBER,    /* decimal within [min, max] */
	CLI_PREFIX,    /* an IP prefix without host bits */
	CLI_ROUTE,     /* an IP prefix; host bits are cleared, as the server does */
	CLI_ENDPOINT,  /* HOST:PORT that other hosts can use: without a zone id */
	CLI_HOST_PORT, /* HOST:PORT, host a name or an IP address */
	CLI_MAPPING,   /* REAL=MAPPED: two routes of one family and length */
	CLI_URL,       /* of a control server: http:// or https://, without a query */
	CLI_PAGE_URL,  /* of a page for people: may have a query and a fragment */
	CLI_CHOICE,    /* one of `choices` */
	CLI_IFNAME,    /* an interface name: ls-..., at most 15 bytes */
};

/* What a command or option needs from this build and host. If it is missing, the command line is
 * refused with one line, before anything is read or changed (need.h). */
enum cli_need {
	CLI_NEED_NOTHING,
	CLI_NEED_DATA_PLANE, /* a build with the WireGuard data plane */
	CLI_NEED_TUN,        /* a build with the data plane, and a host with TUN devices */
};

struct cli_option {
	const char *name;  /* long name without dashes; NULL ends a table */
	const char *alias; /* another long name, may be NULL */
	char short_name;   /* '\0' for none */
	enum cli_kind kind;
	bool repeatable;         /* may be given again; an argument may be a comma-separated list */
	const char *placeholder; /* "NAME"; NULL for flags */
	const char *help;        /* one phrase, lower case, no full stop */
	const char *default_value; /* the value when the option is absent, may be NULL */
	const char *default_help;  /* for --help: a default that is not a fixed value */
	uint64_t min;
	uint64_t max;
	const char *const *choices; /* NULL-terminated */
	enum cli_need need;
};

struct cli_positional {
	const char *name; /* "TOKEN"; NULL ends the list */
	const char *help;
	bool secret;
	bool list; /* the last one: may be several words or a comma list, joined by commas */
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
	bool helps; /* the words after it name the command whose help is printed */
	/* Prints results on stdout. After a negative code, main prints `fail` and ends the program
	 * with status 2 for LS_ERROR_USAGE, else 1. NULL when this build lacks what the command
	 * needs. */
	int (*run)(const struct cli_args *args, struct ls_fail *fail);
};

/* A word or words that only commands follow: "admin", "admin token". */
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
/* True when `path` is `parent` and one word more ("" is the root). */
bool cli_path_is_child(const char *parent, const char *path);
/* The last word of `path`. */
const char *cli_path_last(const char *path);
/* Finds an option by name or alias: the command's own, else a global one, else NULL. `command` may
 * be NULL. */
const struct cli_option *cli_option_find(const struct cli_command *command, const char *name);

/* True when any command has an option of this name. */
bool cli_option_is_known(const char *name);

/* The suggestions below are for misspelt words. All ignore the case of letters and return NULL when
 * nothing is similar. */
/* The path of the command or group directly below `parent` whose last word is most similar to
 * `word`; if none is similar, the only path anywhere that ends in `word`. */
const char *cli_suggest_path(const char *parent, const char *word);
/* Considers the options of `command` (may be NULL) and the global ones. */
const char *cli_suggest_option(const struct cli_command *command, const char *word);
/* `choices` ends with NULL. */
const char *cli_suggest_choice(const char *const *choices, const char *word);

#endif
