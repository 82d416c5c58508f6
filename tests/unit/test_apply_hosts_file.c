/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apply/hosts_file.h"
#include "base/cleanup.h"
#include "base/files.h"
#include "skip.h"

#define BLOCK                                                                                      \
	"# lightscale:lab begin\n"                                                                 \
	"100.64.1.11\ta.lab.test a\n"                                                              \
	"fd00::b\ta.lab.test a\n"                                                                  \
	"100.64.1.12\tb.lab.test\n"                                                                \
	"# lightscale:lab end\n"

static char folder[64];
static char path[96];
static struct plan_host hosts[2] = {
        {.dns_name = "a.lab.test", .short_name = "a"},
        {.dns_name = "b.lab.test"}, /* has no IPv6 address */
};
static const struct plan plan = {.hosts = hosts, .host_count = 2};

static int lock_error; /* what locks fail with; 0: they work */
static int lock_tries;

/* In the place of the C library's. */
int flock(int fd, int operation)
{
	lock_tries++;
	if (lock_error == 0)
		return (int)syscall(SYS_flock, fd, operation);
	errno = lock_error;
	return -1;
}

static void rendering(void **state)
{
	static const struct {
		const char *old;
		const char *with;
		const char *without;
	} cases[] = {
	        {"", BLOCK, ""},
	        {"127.0.0.1 localhost\n", "127.0.0.1 localhost\n" BLOCK, "127.0.0.1 localhost\n"},
	        {"no newline", "no newline\n" BLOCK, "no newline"},
	        {BLOCK, BLOCK, ""},
	        {"a\n# lightscale:lab begin\nold\n# lightscale:lab end\nb\n", "a\n" BLOCK "b\n",
	         "a\nb\n"},
	        {"# lightscale:lab begin\n# lightscale:lab end", BLOCK, ""},
	        {"# lightscale:lab begin\nx\n# lightscale:lab end\nm\n# lightscale:lab begin\n"
	         "# lightscale:lab end\n",
	         BLOCK "m\n", "m\n"},
	        /* Blocks of earlier versions of ours. */
	        {"a\n# lightscale lab begin\nold\n# lightscale lab end\nb\n", "a\n" BLOCK "b\n",
	         "a\nb\n"},
	        {"# lightscale lab begin\nx\n# lightscale lab end\nm\n" BLOCK "n\n", BLOCK "m\nn\n",
	         "m\nn\n"},
	        {"# lightscale other begin\nx\n# lightscale other end\n",
	         "# lightscale other begin\nx\n# lightscale other end\n" BLOCK,
	         "# lightscale other begin\nx\n# lightscale other end\n"},
	        {"# lightscale:other begin\nx\n# lightscale:other end\n",
	         "# lightscale:other begin\nx\n# lightscale:other end\n" BLOCK,
	         "# lightscale:other begin\nx\n# lightscale:other end\n"},
	        {"a\r\n# lightscale:lab begin\r\nx\r\n# lightscale:lab end\r\nb\r\n",
	         "a\r\n" BLOCK "b\r\n", "a\r\nb\r\n"},
	        {"a\r\n\n\n# lightscale:lab end\nb", "a\r\n\n\n# lightscale:lab end\nb\n" BLOCK,
	         "a\r\n\n\n# lightscale:lab end\nb"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ls_buf text = {0};

		assert_int_equal(apply_hosts_file_render(cases[i].old, "lab", &plan, &text, NULL),
		                 0);
		assert_string_equal(ls_buf_text(&text), cases[i].with);
		ls_buf_reset(&text);
		assert_int_equal(apply_hosts_file_render(cases[i].old, "lab", NULL, &text, NULL),
		                 0);
		assert_string_equal(ls_buf_text(&text), cases[i].without);
		ls_buf_done(&text);
	}
}

static void put(const char *text, mode_t mode)
{
	assert_int_equal(ls_file_replace(path, text, strlen(text), mode, NULL), 0);
}

static void assert_content(const char *text)
{
	LS_FREE char *data = NULL;
	size_t len;

	assert_int_equal(ls_file_read(path, 1 << 20, &data, &len, NULL), 0);
	assert_string_equal(data, text);
}

static void a_block_without_end_is_not_touched(void **state)
{
	static const char text[] = "# lightscale:lab begin\n127.0.0.1 localhost\n";
	struct ls_fail fail = {0};
	char expected[256];

	(void)state;
	put(text, 0644);
	assert_int_equal(apply_hosts_file_write(path, "lab", &plan, NULL, &fail), LS_ERROR_SYNTAX);
	(void)snprintf(expected, sizeof(expected),
	               "%s: \"# lightscale:lab begin\" has no end: put \"# lightscale:lab end\" "
	               "after its last line",
	               path);
	assert_string_equal(fail.text, expected);
	assert_content(text);
}

static void mode_and_links_stay(void **state)
{
	char link_path[112];
	struct stat before, after;
	struct ls_fail fail = {0};
	bool changed = false;

	(void)state;
	(void)snprintf(link_path, sizeof(link_path), "%s.link", path);
	put("127.0.0.1 localhost\n", 0640);
	/* Only root can give files away. */
	if (geteuid() == 0)
		assert_int_equal(chown(path, 1, 2), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(apply_hosts_file_write(link_path, "lab", &plan, &changed, &fail), 0);
	assert_true(changed);
	assert_content("127.0.0.1 localhost\n" BLOCK);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
	assert_int_equal(lstat(link_path, &after), 0);
	assert_true(S_ISLNK(after.st_mode));

	/* A repeat leaves the very same file. */
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(apply_hosts_file_write(link_path, "lab", &plan, &changed, &fail), 0);
	assert_false(changed);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);

	assert_int_equal(apply_hosts_file_undo(link_path, "lab", &fail), 0);
	assert_content("127.0.0.1 localhost\n");
	assert_int_equal(unlink(link_path), 0);
}

/* Where a lock cannot be had, waiting for it would only hold the agent up. */
static void a_directory_that_cannot_be_locked(void **state)
{
	bool changed = false;
	struct ls_fail fail;

	(void)state;
	assert_int_equal(ls_file_replace(path, "a\n", 2, 0644, &fail), 0);
	lock_tries = 0;
	lock_error = EBADF;
	assert_int_equal(apply_hosts_file_write(path, "lab", &plan, &changed, &fail), 0);
	lock_error = 0;
	assert_true(changed);
	assert_int_equal(lock_tries, 1);
}

static void a_missing_file_is_made(void **state)
{
	struct stat st;

	(void)state;
	(void)unlink(path);
	assert_int_equal(apply_hosts_file_undo(path, "lab", NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(apply_hosts_file_write(path, "lab", &plan, NULL, NULL), 0);
	assert_content(BLOCK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

/* As `ip netns exec` does with /etc/hosts: the file is a mount point, so no rename. */
static void a_mounted_file_is_written_in_place(void **state)
{
	char source[112];
	struct ls_fail fail = {0};

	(void)state;
	(void)snprintf(source, sizeof(source), "%s.source", path);
	assert_int_equal(ls_file_replace(source, "x\n", 2, 0644, NULL), 0);
	put("under\n", 0644);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(source, path, NULL, MS_BIND, NULL) < 0) {
		(void)unlink(source);
		skip_without("the right to mount, in a mount namespace");
	}
	assert_int_equal(apply_hosts_file_write(path, "lab", &plan, NULL, &fail), 0);
	assert_content("x\n" BLOCK);
	assert_int_equal(apply_hosts_file_undo(path, "lab", &fail), 0);
	assert_content("x\n");
	assert_int_equal(umount(path), 0);
	assert_content("under\n");
	assert_int_equal(unlink(source), 0);
}

/* A full disk costs nothing of what was there. */
static void a_full_disk_loses_nothing(void **state)
{
	static char old[4001], large[40000];
	char disk[112], source[128];
	struct ls_fail fail = {0};

	(void)state;
	memset(old, 'o', sizeof(old) - 1);
	memset(large, 'n', sizeof(large));
	(void)snprintf(disk, sizeof(disk), "%s.disk", path);
	(void)snprintf(source, sizeof(source), "%s/hosts", disk);
	put("under\n", 0644);
	assert_int_equal(mkdir(disk, 0755), 0);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", disk, "tmpfs", 0, "size=16k") < 0) {
		(void)rmdir(disk);
		skip_without("the right to mount, in a mount namespace");
	}
	assert_int_equal(ls_file_replace(source, old, sizeof(old) - 1, 0644, &fail), 0);
	assert_int_equal(mount(source, path, NULL, MS_BIND, NULL), 0);
	assert_int_equal(ls_file_rewrite(path, large, sizeof(large), 0644, &fail), -ENOSPC);
	assert_content(old);
	assert_int_equal(umount(path), 0);
	assert_int_equal(umount(disk), 0);
	assert_int_equal(rmdir(disk), 0);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/ls-hosts-XXXXXX");
	if (!mkdtemp(folder) || ls_ip_parse("100.64.1.11", &hosts[0].ipv4) < 0 ||
	    ls_ip_parse("fd00::b", &hosts[0].ipv6) < 0 ||
	    ls_ip_parse("100.64.1.12", &hosts[1].ipv4) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/hosts", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rendering),
	        cmocka_unit_test(a_block_without_end_is_not_touched),
	        cmocka_unit_test(mode_and_links_stay),
	        cmocka_unit_test(a_directory_that_cannot_be_locked),
	        cmocka_unit_test(a_missing_file_is_made),
	        cmocka_unit_test(a_mounted_file_is_written_in_place),
	        cmocka_unit_test(a_full_disk_loses_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
