/* SPDX-License-Identifier: Apache-2.0 */
/* A block of our own in a hosts file, between `# lightscale <profile> begin` and `# lightscale
 * <profile> end`. The block is replaced as a whole, all other lines stay byte for byte; mode and
 * owner of the file stay. Replaced atomically, or, where that cannot be (a bind-mounted file), in
 * place. Several profiles may do so at once. Control thread only. */
#ifndef LS_APPLY_HOSTS_FILE_H
#define LS_APPLY_HOSTS_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "plan/plan.h"

/* Pure: the new content of a hosts file. `plan` NULL: without our block. A begin without an end is
 * LS_ERROR_SYNTAX: somebody else's lines might follow. */
int apply_hosts_file_render(const char *old, const char *profile, const struct plan *plan,
                            struct ls_buf *ret, struct ls_fail *fail) LS_MUST_CHECK;

/* Pure: the lines of the block without its markers. */
void apply_hosts_file_lines(const struct plan *plan, struct ls_buf *ret);

/* The file's text, malloced; NULL when there is none. One with NUL bytes is LS_ERROR_SYNTAX. */
int apply_hosts_file_read(const char *path, char **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Reads the file under its lock, and writes it where our block changes. A missing one is made (mode
 * 0644). *ret_changed may be NULL. */
int apply_hosts_file_write(const char *path, const char *profile, const struct plan *plan,
                           bool *ret_changed, struct ls_fail *fail) LS_MUST_CHECK;
/* Removes the block; a missing file is fine. */
int apply_hosts_file_undo(const char *path, const char *profile,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
