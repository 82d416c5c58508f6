/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a bound, replaced atomically. */
#ifndef LS_BASE_FILES_H
#define LS_BASE_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Reads at most max_bytes; a larger file is LS_ERROR_LIMIT, a missing one -ENOENT. On success
 * *ret_data is malloced, NUL-terminated (the NUL not counted) and the caller's. `fail` says path
 * and reason. */
int ls_file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len,
                 struct ls_fail *fail) LS_MUST_CHECK;

/* Replaces `path` so that after a crash either the old or the new content is there, never a mix:
 * temporary file beside it, fsync, rename, fsync of the directory. The file gets exactly `mode`.
 * A symbolic link at `path` is replaced, not followed. On failure nothing is left behind. */
int ls_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                    struct ls_fail *fail) LS_MUST_CHECK;

/* As ls_file_replace, for a file that is somebody else's: an existing file keeps mode and owner, a
 * symbolic link is followed, and a file that cannot be renamed over (a bind mount) is written in
 * place. A new file gets `mode`. What is no regular file (a device, a pipe) gets the bytes. */
int ls_file_rewrite(const char *path, const void *data, size_t len, mode_t mode,
                    struct ls_fail *fail) LS_MUST_CHECK;

enum {
	LS_FILE_TEMP_TEXT = 4096, /* Linux's PATH_MAX */
};

/* Makes an empty file of mode 0600 beside `path`, with a name that nothing has, and opens it for
 * reading and writing. The descriptor, or -errno. */
int ls_file_make_temp(const char *path, char ret_temp[static LS_FILE_TEMP_TEXT]) LS_MUST_CHECK;

/* Opens the directory that holds `path`, or what `path` as a symbolic link leads to. A descriptor,
 * or -errno. */
int ls_file_open_directory(const char *path) LS_MUST_CHECK;

/* mkdir -p of the directory that holds `path`; made directories get `mode`. */
int ls_file_make_parent(const char *path, mode_t mode, struct ls_fail *fail) LS_MUST_CHECK;

#endif
