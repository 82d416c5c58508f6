/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/hosts_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/utf8.h"
#include "proto/limits.h"

enum {
	HOSTS_BYTES_MAX = 64 << 20,
	HOSTS_MODE = 0644,
	MARKER_TEXT = LIMIT_PROFILE_LEN + 32,
	LOCK_WAIT_MS = 1000,
	LOCK_RETRY_MS = 10,
	QUIET_MS = 100,
	QUIET_WAITS = 10,
};

/* Our markers are those of existing clients. `old_*` are what earlier versions of ours wrote: such
 * a block is taken over, too. */
struct markers {
	char begin[MARKER_TEXT];
	char end[MARKER_TEXT];
	char old_begin[MARKER_TEXT];
	char old_end[MARKER_TEXT];
};

static int make_markers(const char *profile, struct markers *ret, struct ls_fail *fail)
{
	if (strlen(profile) > LIMIT_PROFILE_LEN || ls_str_has_control(profile))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "profile name is not usable here");
	(void)snprintf(ret->begin, sizeof(ret->begin), "# lightscale:%s begin", profile);
	(void)snprintf(ret->end, sizeof(ret->end), "# lightscale:%s end", profile);
	(void)snprintf(ret->old_begin, sizeof(ret->old_begin), "# lightscale %s begin", profile);
	(void)snprintf(ret->old_end, sizeof(ret->old_end), "# lightscale %s end", profile);
	return 0;
}

/* Compares a line. An editor may have added a carriage return to every line. */
static bool line_is(const char *line, size_t len, const char *text)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

static void add_line(const struct plan_host *host, const struct ls_ip *ip, struct ls_buf *out)
{
	char text[LS_IP_TEXT];

	if (ip->family != LS_FAMILY_NONE)
		ls_buf_printf(out, "%s\t%s%s%s\n", ls_ip_format(ip, text), host->dns_name,
		              host->short_name ? " " : "",
		              host->short_name ? host->short_name : "");
}

void apply_hosts_file_lines(const struct plan *plan, struct ls_buf *ret)
{
	for (size_t i = 0; i < plan->host_count; i++) {
		add_line(&plan->hosts[i], &plan->hosts[i].ipv4, ret);
		add_line(&plan->hosts[i], &plan->hosts[i].ipv6, ret);
	}
}

static void add_block(const char *lines, const struct markers *markers, struct ls_buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		ls_buf_puts(out, "\n");
	ls_buf_printf(out, "%s\n", markers->begin);
	ls_buf_puts(out, lines);
	ls_buf_printf(out, "%s\n", markers->end);
}

/* `lines` is NULL to remove the block. */
static int render(const char *old, const char *profile, const char *lines, struct ls_buf *ret,
                  struct ls_fail *fail)
{
	const char *end = NULL; /* of the block that the line is in */
	bool placed = !lines;
	struct markers markers;
	int r = make_markers(profile, &markers, fail);

	if (r < 0)
		return r;
	for (const char *line = old; *line;) {
		size_t len = strcspn(line, "\n");
		size_t whole = len + (line[len] == '\n');

		if (!end &&
		    (line_is(line, len, markers.begin) || line_is(line, len, markers.old_begin))) {
			end = line_is(line, len, markers.begin) ? markers.end : markers.old_end;
			if (!placed)
				add_block(lines, &markers, ret);
			placed = true;
		} else if (end && line_is(line, len, end)) {
			end = NULL;
		} else if (!end) {
			ls_buf_add(ret, line, whole);
		}
		line += whole;
	}
	if (end)
		return ls_fail_set(fail, LS_ERROR_SYNTAX,
		                   "\"%s\" has no end: put \"%s\" after its last line",
		                   end == markers.end ? markers.begin : markers.old_begin, end);
	if (!placed)
		add_block(lines, &markers, ret);
	return ls_buf_text(ret) ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

int apply_hosts_file_render(const char *old, const char *profile, const struct plan *plan,
                            struct ls_buf *ret, struct ls_fail *fail)
{
	struct ls_buf lines LS_CLEANUP(ls_buf_done) = {0};

	if (plan)
		apply_hosts_file_lines(plan, &lines);
	if (!ls_buf_text(&lines))
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return render(old, profile, plan ? ls_buf_text(&lines) : NULL, ret, fail);
}

/* Takes the lock for changing the file: profiles that change it at the same time would undo each
 * other's blocks. The lock is on the directory, because the file itself is replaced. Anyone who may
 * read the directory can hold the lock, so nobody waits for it longer than LOCK_WAIT_MS. Returns -1
 * without a lock: after that time, when the directory cannot be opened, or when it cannot be locked
 * (NFS does not lock what is opened for reading only). */
static int lock_directory(const char *path)
{
	const struct timespec pause = {.tv_nsec = LOCK_RETRY_MS * (long)LS_NS_PER_MS};
	LS_CLOSE int fd = ls_file_open_directory(path);

	for (int waited = 0; fd >= 0 && waited < LOCK_WAIT_MS; waited += LOCK_RETRY_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return ls_steal_fd(&fd);
		if (errno != EWOULDBLOCK)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}

int apply_hosts_file_read(const char *path, char **ret, struct ls_fail *fail)
{
	LS_FREE char *text = NULL;
	struct ls_fail why;
	struct stat st;
	size_t len = 0;
	int r;

	/* Opening a pipe would wait until somebody writes into it. A directory fails below. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s is no regular file: not touched",
		                   path);
	r = ls_file_read(path, HOSTS_BYTES_MAX, &text, &len, &why);
	if (r < 0 && r != -ENOENT)
		return ls_fail_set(fail, r, "%s", why.text);
	if (text && strlen(text) != len)
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "%s holds NUL bytes: not touched", path);
	*ret = LS_STEAL(text);
	return 0;
}

static int64_t wall_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / (long)LS_NS_PER_MS;
}

/* Other programs do not take our lock. Many empty the file first and write it then: waits a moment
 * until nobody has changed it for a while, so that what they write is not lost. */
static void wait_until_quiet(const char *path)
{
	const struct timespec pause = {.tv_nsec = QUIET_MS * (long)LS_NS_PER_MS};
	struct stat st;

	for (int i = 0; i < QUIET_WAITS && stat(path, &st) == 0; i++) {
		int64_t changed_ms =
		        (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / (long)LS_NS_PER_MS;
		int64_t age_ms = wall_ms() - changed_ms;

		if (age_ms < 0 || age_ms >= QUIET_MS)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

/* Reads the file, makes its new content, and writes it if it changed. */
static int update_locked(const char *path, const char *profile, const char *lines,
                         bool *ret_changed, struct ls_fail *fail)
{
	LS_FREE char *old = NULL;
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};
	struct ls_fail why;
	bool changed;
	int r = apply_hosts_file_read(path, &old, fail);

	if (r < 0)
		return r;
	r = render(old ? old : "", profile, lines, &text, &why);
	if (r < 0)
		return ls_fail_set(fail, r, "%s: %s", path, why.text);
	changed = !ls_streq(ls_buf_text(&text), old ? old : "");
	if (changed)
		r = ls_file_rewrite(path, ls_buf_text(&text), text.len, HOSTS_MODE, fail);
	if (r == 0 && ret_changed)
		*ret_changed = changed;
	return r;
}

static int update(const char *path, const char *profile, const char *lines, bool *ret_changed,
                  struct ls_fail *fail)
{
	LS_CLOSE int lock = lock_directory(path);
	int r;

	(void)lock;
	wait_until_quiet(path);
	r = update_locked(path, profile, lines, ret_changed, fail);
	return r;
}

int apply_hosts_file_write(const char *path, const char *profile, const struct plan *plan,
                           bool *ret_changed, struct ls_fail *fail)
{
	struct ls_buf lines LS_CLEANUP(ls_buf_done) = {0};

	apply_hosts_file_lines(plan, &lines);
	if (!ls_buf_text(&lines))
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return update(path, profile, ls_buf_text(&lines), ret_changed, fail);
}

int apply_hosts_file_put(const char *path, const char *profile, const char *lines,
                         bool *ret_changed, struct ls_fail *fail)
{
	return update(path, profile, lines, ret_changed, fail);
}

int apply_hosts_file_undo(const char *path, const char *profile, struct ls_fail *fail)
{
	return update(path, profile, NULL, NULL, fail);
}
