/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/need.h"

#include <errno.h>
#include <stddef.h>

#include "cli/frame/platform.h"

/* Returns the greatest need of the command and its options. *ret_option is the option that causes
 * it, NULL when the command itself does. */
static enum cli_need most(const struct cli_args *args, const char **ret_option)
{
	enum cli_need need = args->command->need;

	*ret_option = NULL;
	for (size_t i = 0; i < args->value_count; i++) {
		if (args->values[i].option->need > need) {
			need = args->values[i].option->need;
			*ret_option = args->values[i].option->name;
		}
	}
	return need;
}

static bool has(const struct platform *host, enum cli_need need)
{
	switch (need) {
	case CLI_NEED_NOTHING:
		return true;
	case CLI_NEED_DATA_PLANE:
		return host->data_plane != PLATFORM_UNSUPPORTED;
	case CLI_NEED_TUN:
		return host->data_plane == PLATFORM_SUPPORTED;
	}
	return false;
}

int cli_need_check(const struct cli_args *args, struct ls_fail *fail)
{
	struct platform host;
	const char *option;
	enum cli_need need = most(args, &option);

	cli_platform_look(&host);
	if (has(&host, need))
		return 0;
	return ls_fail_set(fail, -ENOTSUP, "%s%s%s does not work on this host (%s %s): %s",
	                   args->path, option ? " --" : "", option ? option : "", host.os,
	                   host.arch, host.lack);
}
