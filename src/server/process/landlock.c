/* SPDX-License-Identifier: Apache-2.0 */
/* Each version of Landlock (its ABI) knows more rights than the one before. The ruleset takes away
 * every right that the running kernel knows; its rules give some of them back. */
#include "server/process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The kernel headers of Debian 12 do not have these yet. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP    (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL               (1ULL << 1)
#endif

enum {
	ABI_REFER = 2,
	ABI_TRUNCATE = 3,
	ABI_NET = 4,
	ABI_IOCTL_DEV = 5,
	ABI_SCOPE = 6,
};

/* All rights of ABI 1: EXECUTE to MAKE_SYM. */
static const uint64_t rights_1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
static const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE;
/* SQLite also opens the directory, to sync it after it made or removed a file. */
static const uint64_t database_rights =
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
        LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;

/* struct landlock_ruleset_attr of ABI 6. An older kernel accepts it when the members that it does
 * not know are 0. */
struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

static struct ruleset rights_of(int abi, bool abstract_sockets)
{
	struct ruleset all = {.handled_fs = rights_1};

	if (abi >= ABI_REFER)
		all.handled_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_TRUNCATE)
		all.handled_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= ABI_NET)
		all.handled_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
	if (abi >= ABI_IOCTL_DEV)
		all.handled_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (abi >= ABI_SCOPE)
		all.scoped = LANDLOCK_SCOPE_SIGNAL |
		             (abstract_sockets ? 0 : LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET);
	return all;
}

/* An open ruleset. */
struct rules {
	int fd;
	uint64_t known_fs; /* the file rights that the kernel knows */
};

static int add_rule(const struct rules *rules, int place_fd, uint64_t rights, const char *path,
                    struct ls_fail *fail)
{
	const struct landlock_path_beneath_attr rule = {.parent_fd = place_fd,
	                                                .allowed_access = rights & rules->known_fs};

	if (syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return ls_fail_set(fail, -errno, "cannot allow %s in the sandbox: %s", path,
		                   strerror(errno));
	return 0;
}

static int add_place(const struct rules *rules, const char *path, uint64_t rights,
                     struct ls_fail *fail)
{
	LS_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? 0 : add_rule(rules, fd, rights, path, fail);
}

static int add_directory_of(const struct rules *rules, const char *path, uint64_t rights,
                            struct ls_fail *fail)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";

	if (slash) {
		/* Keep the slash: a file in the root directory needs it. */
		size_t len = (size_t)(slash - path) + 1;

		if (len >= sizeof(directory))
			return 0; /* longer than the kernel accepts */
		memcpy(directory, path, len);
		directory[len] = '\0';
	}
	return add_place(rules, directory, rights, fail);
}

static int add_file(const struct rules *rules, const struct landlock_file *file,
                    struct ls_fail *fail)
{
	uint64_t rights = file->use == LANDLOCK_DATABASE ? database_rights : read_rights;
	LS_FREE char *target = file->path ? realpath(file->path, NULL) : NULL;
	int r;

	if (!file->path)
		return 0;
	r = add_directory_of(rules, file->path, rights, fail);
	if (r < 0 || !target)
		return r;
	return add_directory_of(rules, target, rights, fail);
}

/* Allows what the server and its libraries read in every configuration. */
static int add_common(const struct rules *rules, struct ls_fail *fail)
{
	/* The server opens /dev/null to reserve a descriptor; SQLite reads /dev/urandom. */
	static const char *const files[] = {"/dev/null", "/dev/urandom"};
	/* The metrics read statm and count the entries of fd/. A rule belongs to an inode, and the
	 * kernel may drop an unused inode of /proc and make a new one for the same directory. So
	 * this descriptor is never closed: it keeps the inode. */
	int self_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int r = add_place(rules, files[i], read_rights, fail);

		if (r < 0)
			return r;
	}
	return self_fd < 0 ? 0
	                   : add_rule(rules, self_fd, read_rights | LANDLOCK_ACCESS_FS_READ_DIR,
	                              "/proc/self", fail);
}

static int restrict_thread(const struct rules *rules, const struct landlock_file *files,
                           size_t count, struct ls_fail *fail)
{
	int r = add_common(rules, fail);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_file(rules, &files[i], fail);
	if (r == 0 && syscall(SYS_landlock_restrict_self, rules->fd, 0) < 0)
		r = ls_fail_set(
		        fail, -errno,
		        "cannot enter the sandbox: Landlock: %s; --sandbox off runs without",
		        strerror(errno));
	return r;
}

int process_landlock_enter(const struct landlock_file *files, size_t count, bool abstract_sockets,
                           int *ret_abi, struct ls_fail *fail)
{
	/* Fails when the kernel is built or started without Landlock, or a container blocks it. */
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rights;
	LS_CLOSE int fd = -1;
	int r;

	if (abi <= 0) {
		*ret_abi = 0;
		return 0;
	}
	rights = rights_of((int)abi, abstract_sockets);
	fd = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (fd < 0)
		return ls_fail_set(fail, -errno, "cannot make the sandbox's rules for files: %s",
		                   strerror(errno));
	r = restrict_thread(&(struct rules){.fd = fd, .known_fs = rights.handled_fs}, files, count,
	                    fail);
	if (r == 0)
		*ret_abi = (int)abi;
	return r;
}
