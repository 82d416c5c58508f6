/* SPDX-License-Identifier: Apache-2.0 */
/* The options that there are: the one table behind the command line, the file, --help and the
 * manual page. */
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

/* An entry without a name ends it. */
const struct poptOption *options_table(void);

/* An option by its long name that a file may give; 0 when there is none. */
int options_by_name(const char *name);
/* Says that there is no option `name`, and which one may be meant; what follows a = in it is not
 * shown. `before` opens the message. Returns LS_ERROR_USAGE. */
int options_unknown(const char *before, const char *name, struct ls_fail *fail);

#endif
