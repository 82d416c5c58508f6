/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a block of our own in a hosts file, between `# lightscale:<profile> begin` and `#
 * lightscale:<profile> end`. The block is replaced as a whole; all other lines, the file's mode and
 * its owner stay as they are. The file is replaced atomically or, where that is not possible (a
 * bind-mounted file), written in place. Several profiles may do so at the same time. A function
 * that writes may sleep: for the lock, and while another program is changing the file. Control
 * thread only. */
#ifndef LS_APPLY_HOSTS_FILE_H
#define LS_APPLY_HOSTS_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "plan/plan.h"

/* Makes the new content of a hosts file, without I/O. `plan` is NULL to remove our block. A begin
 * without an end is LS_ERROR_SYNTAX: the lines after it may belong to somebody else. */
int apply_hosts_file_render(const char *old, const char *profile, const struct plan *plan,
                            struct ls_buf *ret, struct ls_fail *fail) LS_MUST_CHECK;

/* Makes the lines of the block without its markers, without I/O. */
void apply_hosts_file_lines(const struct plan *plan, struct ls_buf *ret);

/* Reads the file into malloced *ret; NULL when there is no file. LS_ERROR_SYNTAX when it contains
 * NUL bytes. */
int apply_hosts_file_read(const char *path, char **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Reads the file under its lock, and writes it if our block changes. Creates a missing file with
 * mode 0644. *ret_changed may be NULL. */
int apply_hosts_file_write(const char *path, const char *profile, const struct plan *plan,
                           bool *ret_changed, struct ls_fail *fail) LS_MUST_CHECK;
/* The same with lines of apply_hosts_file_lines. May be called on any thread. */
int apply_hosts_file_put(const char *path, const char *profile, const char *lines,
                         bool *ret_changed, struct ls_fail *fail) LS_MUST_CHECK;
/* Removes our block. A missing file is no failure. */
int apply_hosts_file_undo(const char *path, const char *profile,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
