/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/interface.h"

#include <stdio.h>

const char *const session_interface_backends[] = {"boringtun", "userspace", NULL};

const char *session_interface_name(const struct cli_args *args, char buf[static INTERFACE_TEXT])
{
	const char *option = cli_text(args, "interface");

	if (option)
		(void)snprintf(buf, INTERFACE_TEXT, "%s", option);
	else
		(void)snprintf(buf, INTERFACE_TEXT, "ls-%.12s", cli_text(args, "profile"));
	return buf;
}
