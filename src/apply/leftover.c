/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/leftover.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "dataplane/uapi_client.h"

static int remove_link(struct nl_socket *rtnl, const char *interface, bool *ret_found,
                       struct ls_fail *fail)
{
	struct rtnl_link link;
	int r = rtnl_link_get(rtnl, interface, &link, fail);

	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	*ret_found = true;
	return rtnl_link_delete(rtnl, link.index, fail);
}

/* Removes a socket file on which no process listens. */
static int remove_socket(const char *interface, bool *ret_found, struct ls_fail *fail)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), UAPI_CLIENT_DIR "/%s.sock", interface);
	if (unlink(path) == 0)
		*ret_found = true;
	else if (errno != ENOENT)
		return ls_fail_set(fail, -errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}

int apply_leftover_remove(struct nl_socket *rtnl, const char *interface, bool *ret_found,
                          struct ls_fail *fail)
{
	struct wg_config device = {0};
	bool found = false;
	int r;

	if (!ls_str_starts(interface, "ls-"))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "interface %s: only names that begin with ls- are removed",
		                   interface);
	r = dp_uapi_client_get(interface, &device, NULL);
	wg_config_done(&device);
	if (r != -ENOENT && r != -ECONNREFUSED)
		return ls_fail_set(fail, -EBUSY,
		                   "interface %s: a running process serves it; stop that instead",
		                   interface);
	r = remove_link(rtnl, interface, &found, fail);
	if (r == 0)
		r = remove_socket(interface, &found, fail);
	if (r == 0)
		*ret_found = found;
	return r;
}
