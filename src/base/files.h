/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes whole files: reads up to a limit, and replaces atomically. */
#ifndef LS_BASE_FILES_H
#define LS_BASE_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Reads at most max_bytes. LS_ERROR_LIMIT for a larger file, -ENOENT for a missing one. On success
 * *ret_data is malloced and NUL-terminated (*ret_len does not count the NUL), and the caller frees
 * it. `fail` names path and reason. */
int ls_file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len,
                 struct ls_fail *fail) LS_MUST_CHECK;

/* Replaces `path` so that after a crash it has either the old or the new content, never a mix:
 * temporary file in the same directory, fsync, rename, fsync of the directory. The file gets
 * exactly `mode`. A symbolic link at `path` is replaced, not followed. A failure leaves no
 * temporary file behind. */
int ls_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                    struct ls_fail *fail) LS_MUST_CHECK;

/* Like ls_file_replace, for files that belong to others: an existing file keeps its mode and owner,
 * a symbolic link is followed, and a file that rename cannot replace (a bind mount) is written in
 * place. A new file gets `mode`. A device or a pipe is written to. */
int ls_file_rewrite(const char *path, const void *data, size_t len, mode_t mode,
                    struct ls_fail *fail) LS_MUST_CHECK;

enum {
	LS_FILE_TEMP_TEXT = 4096, /* Linux's PATH_MAX */
};

/* Creates an empty file of mode 0600 in the directory of `path`, with an unused name, and opens it
 * for reading and writing. Returns the descriptor or -errno. */
int ls_file_make_temp(const char *path, char ret_temp[static LS_FILE_TEMP_TEXT]) LS_MUST_CHECK;

/* Opens the directory of `path`, or of the file to which `path` as a symbolic link leads. A
 * descriptor or -errno. */
int ls_file_open_directory(const char *path) LS_MUST_CHECK;

/* Creates the directory of `path` and its parents, like mkdir -p; new directories get `mode`. */
int ls_file_make_parent(const char *path, mode_t mode, struct ls_fail *fail) LS_MUST_CHECK;

#endif
