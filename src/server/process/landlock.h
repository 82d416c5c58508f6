/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a server at work, and no others (landlock(7)); no TCP connection or port of its own
 * either, where the kernel can refuse them. */
#ifndef LS_SERVER_PROCESS_LANDLOCK_H
#define LS_SERVER_PROCESS_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum landlock_use {
	LANDLOCK_READ,     /* the directory's files are read, also by a name that is new to it */
	LANDLOCK_DATABASE, /* ... and made, written and removed, as SQLite's -wal and -journal are
	                    */
};

/* A file whose directory is used; when the path is a symbolic link, that of its target, too. */
struct landlock_file {
	const char *path; /* NULL: none, the row is skipped */
	enum landlock_use use;
};

/* For the calling thread and all that it makes from now on, so it comes before the other threads;
 * needs no_new_privs. Directories below those of the files are open as well: Landlock knows whole
 * trees only. A directory that does not exist or that the user may not pass is skipped: whoever
 * opens the file fails on the path itself.
 * `abstract_sockets`: datagrams to abstract Unix sockets of other processes stay possible.
 * *ret_abi is the version of Landlock that the kernel has; 0: none, and nothing is restricted. */
int process_landlock_enter(const struct landlock_file *files, size_t count, bool abstract_sockets,
                           int *ret_abi, struct ls_fail *fail) LS_MUST_CHECK;

#endif
