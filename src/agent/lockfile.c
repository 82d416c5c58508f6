/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/mem.h"

enum {
	PID_TEXT = 16,
	TAKE_TRIES = 16, /* other processes may take or drop the file meanwhile */
	ASKED_TRIES = 5,
	ASKED_WAIT_MS = 10,
};

/* Writes, then truncates: the first line is valid at any time. */
static int write_pid(int fd)
{
	char text[PID_TEXT];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (pwrite(fd, text, (size_t)len, 0) != len || ftruncate(fd, len) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

/* Returns the descriptor, or -EEXIST when the file is there. */
static int make_new(const char *path)
{
	char temp[LS_FILE_TEMP_TEXT];
	LS_CLOSE int fd = ls_file_make_temp(path, temp);
	int r;

	if (fd < 0)
		return fd;
	r = fchmod(fd, 0644) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : write_pid(fd);
	if (r == 0 && link(temp, path) < 0)
		r = -errno;
	(void)unlink(temp);
	if (r < 0)
		return r;
	r = fd;
	fd = -1; /* the caller's now */
	return r;
}

/* Reads the process id from the first line, for a message. */
static void read_holder(int fd, char text[static PID_TEXT])
{
	ssize_t n = pread(fd, text, PID_TEXT - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strspn(text, "0123456789")] = '\0';
}

static bool is_still_at(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_dev == there.st_dev &&
	       held.st_ino == there.st_ino;
}

/* Who only asks whether the lock is held (agent_lockfile_is_held) has it for a moment. */
static int lock_patiently(int fd)
{
	int r = 0;

	for (int i = 0; i < ASKED_TRIES; i++) {
		r = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
		if (r != -EWOULDBLOCK)
			return r;
		(void)poll(NULL, 0, ASKED_WAIT_MS);
	}
	return r;
}

/* Returns the descriptor, -EBUSY, or -ENOENT when the file went away meanwhile. */
static int take_over(const char *path, char other[static PID_TEXT])
{
	LS_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0)
		return -errno;
	r = lock_patiently(fd);
	if (r < 0) {
		read_holder(fd, other);
		return r == -EWOULDBLOCK ? -EBUSY : r;
	}
	if (!is_still_at(fd, path))
		return -ENOENT;
	r = write_pid(fd);
	if (r < 0)
		return r;
	r = fd;
	fd = -1; /* the caller's now */
	return r;
}

int agent_lockfile_take(struct lockfile *lock, const char *path, struct ls_fail *fail)
{
	char other[PID_TEXT] = "";
	int fd = -ENOENT;

	for (int i = 0; i < TAKE_TRIES && (fd == -ENOENT || fd == -EEXIST); i++) {
		fd = make_new(path);
		if (fd == -ENOENT)
			break; /* no such directory */
		if (fd == -EEXIST)
			fd = take_over(path, other);
	}
	if (fd == -EBUSY)
		return ls_fail_set(fail, fd, "%s: held by another process%s%s", path,
		                   other[0] ? ", pid " : "", other);
	if (fd < 0)
		return ls_fail_set(fail, fd, "cannot lock %s: %s", path, ls_strerror(fd));
	lock->fd = fd;
	lock->path = ls_strdup(path);
	return 0;
}

int agent_lockfile_share(struct lockfile *lock, const char *path, struct ls_fail *fail)
{
	LS_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return ls_fail_set(fail, -errno, "cannot open %s: %s", path, ls_strerror(-errno));
	r = lock_patiently(fd);
	if (r < 0)
		return ls_fail_set(fail, r == -EWOULDBLOCK ? -EBUSY : r,
		                   "%s: held by another process", path);
	*lock = (struct lockfile){.fd = ls_steal_fd(&fd), .path = ls_strdup(path), .foreign = true};
	return 0;
}

bool agent_lockfile_is_read_only(int code)
{
	return code == -EROFS || code == -EACCES || code == -EPERM || code == -ENOSPC ||
	       code == -EDQUOT;
}

bool agent_lockfile_is_held(const char *path)
{
	LS_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

void agent_lockfile_drop(struct lockfile *lock)
{
	if (!lock->path)
		return;
	/* Remove the file while the lock is held: nobody can have taken it over. */
	if (!lock->foreign && is_still_at(lock->fd, lock->path))
		(void)unlink(lock->path);
	(void)close(lock->fd);
	free(lock->path);
	*lock = (struct lockfile){.fd = -1};
}
