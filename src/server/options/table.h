/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of all options, used by the command line, the file, --help and the manual page. */
#ifndef LS_SERVER_OPTIONS_TABLE_H
#define LS_SERVER_OPTIONS_TABLE_H

#include "base/error.h"

struct poptOption;

enum option_value {
	OPTION_LISTEN = 1,
	OPTION_TLS_LISTEN,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_TRUSTED_PROXY,
	OPTION_STATE,
	OPTION_ADMIN_TOKEN,
	OPTION_ADMIN_TOKEN_FILE,
	OPTION_ALLOW_WEAK_ADMIN_TOKEN,
	OPTION_CONTROL_URL,
	OPTION_STUN,
	OPTION_TURN,
	OPTION_STREAM_RELAY,
	OPTION_UDP_RELAY,
	OPTION_DNS,
	OPTION_METRICS_LISTEN,
	OPTION_REUSE_ADDRESSES,
	OPTION_USER,
	OPTION_SANDBOX,
	OPTION_CONFIG,
	OPTION_HELP,
	OPTION_VERSION,
};

/* An entry without a name ends the table. */
const struct poptOption *options_table(void);

/* The option with this long name, if a file may give it; else 0. */
int options_by_name(const char *name);
/* Sets `fail` to: there is no option `name`, and which one may be meant. The message starts with
 * `before`; it leaves out a = in `name` and what follows. Returns LS_ERROR_USAGE. */
int options_unknown(const char *before, const char *name, struct ls_fail *fail);

#endif
