/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/state_room.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"

enum {
	SPARE_BYTES = 64 << 10, /* free space that a state file may need */
};

int session_state_room_check(const char *state_path, struct ls_fail *fail)
{
	static const char zeroes[SPARE_BYTES];
	int dir_len = (int)(strrchr(state_path, '/') - state_path);
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s/.probe", dir_len, state_path);
	int r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return ls_fail_set(fail, -ENAMETOOLONG, "the path %s is too long", state_path);
	r = ls_file_replace(path, zeroes, sizeof(zeroes), 0600, fail);
	(void)unlink(path);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot write into the state directory %.*s: %s",
		                   dir_len, state_path, ls_strerror(r));
	return 0;
}
