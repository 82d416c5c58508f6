/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/hosts_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

enum {
	/* A program that writes the file in place is not disturbed before it has closed it. */
	FILE_EVENTS = IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT,
	DIRECTORY_EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR,
	EVENTS_BYTES = 64 * (sizeof(struct inotify_event) + NAME_MAX + 1),
};

/* A symbolic link is replaced in one directory, the file that it leads to in another. */
struct apply_hosts_watch {
	int fd;
	char *path;
	char *target; /* what the path leads to; NULL: it did not exist */
	int file;     /* watch descriptors; -1: none */
	int directory;
	int target_directory; /* the same as `directory` unless the path is a link */
};

static int watch_directory(const struct apply_hosts_watch *watch, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
	             slash ? path : ".") >= (int)sizeof(dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return inotify_add_watch(watch->fd, dir, DIRECTORY_EVENTS);
}

/* Watches what the path leads to now. Watching the same thing again gives the same descriptor. */
static int look(struct apply_hosts_watch *watch)
{
	int old = watch->file;

	free(watch->target);
	watch->target = realpath(watch->path, NULL);
	watch->directory = watch_directory(watch, watch->path);
	if (watch->directory < 0)
		return -errno;
	watch->target_directory =
	        watch->target ? watch_directory(watch, watch->target) : watch->directory;
	watch->file = inotify_add_watch(watch->fd, watch->path, FILE_EVENTS);
	if (old >= 0 && old != watch->file)
		(void)inotify_rm_watch(watch->fd, old); /* the kernel may have removed it */
	return 0;
}

int apply_hosts_watch_open(const char *path, struct apply_hosts_watch **ret, struct ls_fail *fail)
{
	struct apply_hosts_watch *watch = ls_new(struct apply_hosts_watch);
	int r;

	watch->file = -1;
	watch->path = ls_strdup(path);
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	r = watch->fd < 0 ? -errno : look(watch);
	if (r < 0) {
		apply_hosts_watch_close(watch);
		return ls_fail_set(fail, r, "cannot watch %s: %s", path, ls_strerror(r));
	}
	*ret = watch;
	return 0;
}

void apply_hosts_watch_close(struct apply_hosts_watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		(void)close(watch->fd);
	free(watch->path);
	free(watch->target);
	free(watch);
}

int apply_hosts_watch_fd(const struct apply_hosts_watch *watch)
{
	return watch->fd;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Directories tell of all their files: only ours counts. */
static bool is_ours(const struct apply_hosts_watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW || event->wd == watch->file || event->len == 0)
		return true;
	return (event->wd == watch->directory && ls_streq(event->name, base_name(watch->path))) ||
	       (event->wd == watch->target_directory && watch->target &&
	        ls_streq(event->name, base_name(watch->target)));
}

bool apply_hosts_watch_read(struct apply_hosts_watch *watch)
{
	alignas(struct inotify_event) char buf[EVENTS_BYTES];
	bool changed = false;
	ssize_t n;

	while ((n = read(watch->fd, buf, sizeof(buf))) > 0) {
		for (const char *p = buf; p < buf + n;) {
			const struct inotify_event *event = (const void *)p;

			changed = is_ours(watch, event) || changed;
			p += sizeof(*event) + event->len;
		}
	}
	if (changed)
		(void)look(watch);
	return changed;
}
