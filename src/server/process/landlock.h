/* SPDX-License-Identifier: Apache-2.0 */
/* Limits the server to the files that it needs while it runs (landlock(7)). Where the kernel can
 * do it, the server also cannot open TCP connections or bind TCP ports any more. */
#ifndef LS_SERVER_PROCESS_LANDLOCK_H
#define LS_SERVER_PROCESS_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum landlock_use {
	LANDLOCK_READ,     /* read the files of its directory, also files that come later */
	LANDLOCK_DATABASE, /* also make, write and remove files there: SQLite's -wal, -journal */
};

/* Allows the directory of a file. When the path is a symbolic link, also that of its target. */
struct landlock_file {
	const char *path; /* NULL: the row is skipped */
	enum landlock_use use;
};

/* Restricts the calling thread and all threads that it makes later, so call it before there are
 * other threads. Needs no_new_privs. Directories below those of the files are allowed as well:
 * Landlock knows only whole trees. A directory that does not exist, or that the user may not
 * search, is skipped: opening the file then fails by itself.
 * `abstract_sockets`: keeps datagrams to abstract Unix sockets of other processes possible.
 * *ret_abi is the version of Landlock that the kernel has; 0: it has none, nothing is restricted.
 */
int process_landlock_enter(const struct landlock_file *files, size_t count, bool abstract_sockets,
                           int *ret_abi, struct ls_fail *fail) LS_MUST_CHECK;

#endif
