/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in for the agent where the client is built without a data plane: the commands are
 * there and say so. */
#include <errno.h>

#include "agent/agent.h"
#include "cli/platform.h"
#include "dataplane/uapi_client.h"

static int refuse(struct ls_fail *fail)
{
	struct platform host;

	platform_look(&host);
	return ls_fail_set(fail, -ENOTSUP, "this command does not work on this host (%s %s): %s",
	                   host.os, host.arch, host.note);
}

void agent_options_init(struct agent_options *options)
{
	*options = (struct agent_options){0};
}

int agent_run(const struct agent_options *options, struct ls_fail *fail)
{
	(void)options;
	return refuse(fail);
}

int agent_wg_up(const struct agent_options *options, struct ls_fail *fail)
{
	(void)options;
	return refuse(fail);
}

int agent_wg_down(const char *interface, struct ls_fail *fail)
{
	(void)interface;
	return refuse(fail);
}

int uapi_client_get(const char *interface, struct wg_config *ret, struct ls_fail *fail)
{
	(void)interface;
	(void)ret;
	return refuse(fail);
}
