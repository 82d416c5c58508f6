/* SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum {
	TEMP_BLANKS = 6, /* which mkostemp(3) replaces, at the end of the name */
};

static int read_all(int fd, size_t max_bytes, char **ret_data, size_t *ret_len)
{
	size_t cap = 4096, len = 0;
	LS_FREE char *data = NULL;

	for (;;) {
		char *grown = realloc(data, cap + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		data = grown;
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes)
			return LS_ERROR_LIMIT;
		if (len == cap)
			cap *= 2;
	}
	data[len] = '\0';
	*ret_data = LS_STEAL(data);
	*ret_len = len;
	return 0;
}

int ls_file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len,
                 struct ls_fail *fail)
{
	LS_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return ls_fail_set(fail, -errno, "cannot read %s: %s", path, strerror(errno));
	r = read_all(fd, max_bytes, ret_data, ret_len);
	if (r == LS_ERROR_LIMIT)
		return ls_fail_set(fail, r, "cannot read %s: larger than %zu bytes", path,
		                   max_bytes);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot read %s: %s", path, ls_strerror(r));
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int split_directory(const char *path, char dir[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 1;

	if (len == 0)
		len = 1; /* "/name" */
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(dir, slash ? path : ".", len);
	dir[len] = '\0';
	return 0;
}

static int sync_directory(const char *path)
{
	char dir[PATH_MAX];
	LS_CLOSE int fd = -1;
	int r = split_directory(path, dir);

	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a directory. That is no error: the rename has already
	 * happened. */
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return -errno;
	return 0;
}

/* Sets the owner only if it changes. */
static int copy_owner(int fd, const struct stat *like)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid == like->st_uid && st.st_gid == like->st_gid)
		return 0;
	return fchown(fd, like->st_uid, like->st_gid) < 0 ? -errno : 0;
}

/* The attributes of the new file. `owner` is NULL: the process is the owner. */
struct attributes {
	mode_t mode;
	const struct stat *owner;
};

static int fill_and_rename(int fd, const char *temp, const char *path, const void *data, size_t len,
                           const struct attributes *attributes)
{
	int r = attributes->owner ? copy_owner(fd, attributes->owner) : 0;

	if (r < 0)
		return r;
	if (fchmod(fd, attributes->mode) < 0)
		return -errno;
	r = write_all(fd, data, len);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return -errno;
	if (rename(temp, path) < 0)
		return -errno;
	return 0;
}

int ls_file_make_temp(const char *path, char ret_temp[static LS_FILE_TEMP_TEXT])
{
	size_t len = strlen(path);
	int fd;

	if (len + 1 + TEMP_BLANKS >= LS_FILE_TEMP_TEXT)
		return -ENAMETOOLONG;
	memcpy(ret_temp, path, len);
	ret_temp[len] = '.';
	memset(ret_temp + len + 1, 'X', TEMP_BLANKS);
	ret_temp[len + 1 + TEMP_BLANKS] = '\0';
	fd = mkostemp(ret_temp, O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* 0, or -errno; leaves no temporary file behind. */
static int replace(const char *path, const void *data, size_t len,
                   const struct attributes *attributes)
{
	char temp[LS_FILE_TEMP_TEXT];
	LS_CLOSE int fd = ls_file_make_temp(path, temp);
	int r;

	if (fd < 0)
		return fd;
	r = fill_and_rename(fd, temp, path, data, len, attributes);
	if (r < 0)
		(void)unlink(temp);
	return r;
}

static int report(const char *path, int r, struct ls_fail *fail)
{
	if (r < 0)
		return ls_fail_set(fail, r, "cannot write %s: %s", path, ls_strerror(r));
	r = sync_directory(path);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot sync the directory of %s: %s", path,
		                   ls_strerror(r));
	return 0;
}

int ls_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                    struct ls_fail *fail)
{
	const struct attributes attributes = {.mode = mode};

	return report(path, replace(path, data, len, &attributes), fail);
}

/* Writes what goes beyond the file's end, so that a full disk is noticed before anything of the old
 * content is overwritten. */
static int extend(int fd, size_t old_len, const char *data, size_t len)
{
	int r;

	if (len <= old_len)
		return 0;
	if (lseek(fd, (off_t)old_len, SEEK_SET) < 0)
		return -errno;
	r = write_all(fd, data + old_len, len - old_len);
	if (r < 0 && ftruncate(fd, (off_t)old_len) < 0)
		r = -errno;
	return r;
}

/* The number of bytes at the start of the file that are those of `data` already. */
static size_t same_bytes(int fd, const char *data, size_t len)
{
	char buf[4096];
	size_t same = 0;

	while (same < len) {
		size_t want = len - same < sizeof(buf) ? len - same : sizeof(buf);
		ssize_t n = pread(fd, buf, want, (off_t)same);
		size_t i = 0;

		while (n > 0 && i < (size_t)n && buf[i] == data[same + i])
			i++;
		same += i;
		if (n <= 0 || i < (size_t)n)
			break;
	}
	return same;
}

/* Writes only what differs: where something is appended, other programs never see a part of the old
 * content missing. */
static int change_in_place(int fd, const char *data, size_t len)
{
	struct stat st;
	size_t old_len, both, same;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	old_len = (size_t)st.st_size;
	both = len < old_len ? len : old_len;
	same = same_bytes(fd, data, both);
	r = extend(fd, old_len, data, len);
	if (r < 0)
		return r;
	if (same < both) {
		if (lseek(fd, (off_t)same, SEEK_SET) < 0)
			return -errno;
		r = write_all(fd, data + same, both - same);
		if (r < 0)
			return r;
	}
	return len < old_len && ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

/* Writes a file in place; creates the target of a symbolic link when it does not exist. */
static int write_in_place(const char *path, const void *data, size_t len, mode_t mode)
{
	LS_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = change_in_place(fd, data, len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

/* True for what must be written to and never replaced: devices, pipes and the like, and files that
 * a shell has opened for us: /dev/stdout may be a log that other programs write to. */
static bool is_stream(const char *path)
{
	static const char *const opened[] = {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"};
	struct stat st;

	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		if (ls_str_starts(path, opened[i]))
			return true;
	}
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int write_stream(const char *path, const void *data, size_t len)
{
	LS_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	return fd < 0 ? -errno : write_all(fd, data, len);
}

static int rewrite_existing(const char *path, const struct stat *st, const void *data, size_t len)
{
	const struct attributes attributes = {.mode = st->st_mode & 07777, .owner = st};
	int r = replace(path, data, len, &attributes);

	/* A mount point cannot be replaced (EBUSY); its directory may be read-only or on another
	 * file system, or belong to somebody else while the file does not. */
	if (r == -EBUSY || r == -EXDEV || r == -EROFS || r == -EACCES || r == -EPERM)
		r = write_in_place(path, data, len, attributes.mode);
	return r;
}

int ls_file_rewrite(const char *path, const void *data, size_t len, mode_t mode,
                    struct ls_fail *fail)
{
	LS_FREE char *target = realpath(path, NULL);
	struct stat st;
	int r;

	/* Check the name as it was given: /dev/stdout may lead to something that has no path. */
	if (is_stream(path)) {
		r = write_stream(path, data, len);
		return r < 0 ? ls_fail_set(fail, r, "cannot write %s: %s", path, ls_strerror(r))
		             : 0;
	}
	if (target && stat(target, &st) == 0)
		return report(target, rewrite_existing(target, &st, data, len), fail);
	if (lstat(path, &st) == 0)
		return report(path, write_in_place(path, data, len, mode), fail);
	return ls_file_replace(path, data, len, mode, fail);
}

int ls_file_open_directory(const char *path)
{
	LS_FREE char *target = realpath(path, NULL);
	char dir[PATH_MAX];
	int fd, r = split_directory(target ? target : path, dir);

	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ls_file_make_parent(const char *path, mode_t mode, struct ls_fail *fail)
{
	char dir[PATH_MAX];
	int r = split_directory(path, dir);

	for (char *p = dir + 1; r == 0; p++) {
		char saved = *p;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		if (mkdir(dir, mode) < 0 && errno != EEXIST)
			r = -errno;
		*p = saved;
		if (saved == '\0')
			break;
	}
	if (r < 0)
		return ls_fail_set(fail, r, "cannot make the directory of %s: %s", path,
		                   ls_strerror(r));
	return 0;
}
