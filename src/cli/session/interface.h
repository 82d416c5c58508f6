/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_CLI_SESSION_INTERFACE_H
#define LS_CLI_SESSION_INTERFACE_H

#include "cli/frame/args.h"

enum {
	INTERFACE_TEXT = 16, /* IFNAMSIZ */
};

#define CLI_OPTION_INTERFACE                                                                       \
	{                                                                                          \
		.name = "interface", .kind = CLI_IFNAME, .placeholder = "NAME",                    \
		.help = "the WireGuard interface", .default_help = "ls-PROFILE, cut to 15 bytes"   \
	}

/* Both names mean the built-in engine; there is no other one yet. */
extern const char *const session_interface_backends[];

#define CLI_OPTION_BACKEND                                                                         \
	{                                                                                          \
		.name = "backend", .kind = CLI_CHOICE, .placeholder = "NAME",                      \
		.help = "the WireGuard engine", .default_value = "userspace",                      \
		.choices = session_interface_backends                                              \
	}

/* --interface, else ls-<profile> cut to 15 bytes. */
const char *session_interface_name(const struct cli_args *args, char buf[static INTERFACE_TEXT]);

#endif
