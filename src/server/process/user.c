/* SPDX-License-Identifier: Apache-2.0 */
#include "server/process/user.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int change_ids(const struct passwd *user, struct ls_fail *fail)
{
	/* Change the groups first: only root may do it. */
	if (initgroups(user->pw_name, user->pw_gid) < 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return ls_fail_set(fail, -errno, "--user %s: cannot become that user: %s",
		                   user->pw_name, strerror(errno));
	ls_info("process.user", "user=%s uid=%u gid=%u", user->pw_name, (unsigned)user->pw_uid,
	        (unsigned)user->pw_gid);
	return 0;
}

static int find_and_become(const char *name, struct ls_fail *fail)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--user %s: there is no such user", name);
	if (user->pw_uid == geteuid())
		return 0;
	if (geteuid() != 0)
		return ls_fail_set(fail, -EPERM, "--user %s: only root can become another user",
		                   name);
	return change_ids(user, fail);
}

int process_become_user(const char *name, struct ls_fail *fail)
{
	int r = name ? find_and_become(name, fail) : 0;

	if (r < 0)
		return r;
	if (geteuid() == 0) {
		ls_warn("process.root", "error=\"runs with all rights of root; give --user NAME\"");
		return 0;
	}
	/* A service manager may have given capabilities to bind low ports. */
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return ls_fail_set(fail, -EPERM, "cannot drop capabilities");
	return 0;
}
