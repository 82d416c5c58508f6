/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the options: one value at a time, from the command line or from a file. */
#ifndef LS_SERVER_OPTIONS_SET_H
#define LS_SERVER_OPTIONS_SET_H

#include "server/options/options.h"

enum option_value {
	OPTION_LISTEN = 1,
	OPTION_TLS_LISTEN,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_TRUSTED_PROXY,
	OPTION_STATE,
	OPTION_ADMIN_TOKEN,
	OPTION_ADMIN_TOKEN_FILE,
	OPTION_CONTROL_URL,
	OPTION_STUN,
	OPTION_TURN,
	OPTION_STREAM_RELAY,
	OPTION_UDP_RELAY,
	OPTION_DNS,
	OPTION_METRICS_LISTEN,
	OPTION_USER,
	OPTION_SANDBOX,
	OPTION_CONFIG,
	OPTION_HELP,
	OPTION_VERSION,
};

/* Checks a value and takes it; a list may hold commas, and adds to what was given before. `value`
 * is cut up on the way. LS_ERROR_USAGE. */
int option_set(struct options *options, enum option_value option, char *value,
               struct ls_fail *fail) LS_MUST_CHECK;

/* An option by its long name that a file may give; 0 when there is none. */
int option_by_name(const char *name);
/* Says that there is no option `name`, and which one may be meant; what follows a = in it is not
 * shown. `before` opens the message. Returns LS_ERROR_USAGE. */
int option_unknown(const char *before, const char *name, struct ls_fail *fail);
/* config.c: takes what a file says and the command line did not. LS_ERROR_USAGE. */
int options_read_config(struct options *options, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;

#endif
