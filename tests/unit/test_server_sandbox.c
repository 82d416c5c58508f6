/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in the sandbox can do, and what kills it: in its main thread, and in a component's
 * thread that is older than the filter. Each case runs in a child process, because the sandbox
 * cannot be left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/process/landlock.h"
#include "server/process/sandbox.h"
#include "skip.h"

enum {
	STATUS_DONE = 7, /* the child came to its end */
	STATUS_NO_SANDBOX = 9,
	STATUS_NO_WAY = 11,
};

enum actor {
	MAIN_THREAD,
	COMPONENT_THREAD,
	ACTORS,
};

/* In the sandbox a file may be made in the first and nowhere else. */
static char open_dir[] = "/tmp/sandbox-open-XXXXXX";
static char shut_dir[] = "/tmp/sandbox-shut-XXXXXX";

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* A component that does something on its thread, as its reload. */
static int start_actor(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	(void)fail;
	*ret_self = start->context;
	return 0;
}

static void act_and_end(void *self)
{
	void (*const *act)(void) = self;

	(*act)();
	_exit(STATUS_DONE);
}

static void do_nothing(void *self)
{
	(void)self;
}

/* "read" is allowed to all in any case. */
static const char *const file_calls[] = {"fsync", "getpriority", "read", "unlink", NULL};
static const char *const other_calls[] = {"getpgid", "setuid", NULL};

static const struct component actors[] = {
        {.name = "actor",
         .has_thread = true,
         .calls = file_calls,
         .start = start_actor,
         .reload = act_and_end,
         .stop = do_nothing,
         .free = do_nothing},
        {.name = "other",
         .has_thread = true,
         .calls = other_calls,
         .start = start_actor,
         .reload = do_nothing,
         .stop = do_nothing,
         .free = do_nothing},
};

/* As the server does it: what threads inherit, the threads, then the filter for all of them.
 * Without the second component what it names is forbidden. */
static int enter(void (**act)(void), size_t count, struct components **ret)
{
	struct server_sockets none = {0};
	const struct component_start with = {.sockets = &none, .context = act};
	char path[64];
	const struct landlock_file files[] = {{.path = path, .use = LANDLOCK_DATABASE}};
	struct ls_fail fail;
	int abi = 0, r = process_sandbox_begin(&fail);

	(void)snprintf(path, sizeof(path), "%s/db", open_dir);
	if (r == 0)
		r = process_landlock_enter(files, 1, false, &abi, &fail);
	if (r == 0)
		r = process_components_start(actors, count, &with, ret, &fail);
	return r < 0 ? r : process_sandbox_enter(actors, count, abi, &fail);
}

static void be_child(void (*act)(void), enum actor actor, size_t count)
{
	const struct rlimit no_core = {0};
	struct components *components = NULL;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (enter(&act, count, &components) < 0)
		_exit(STATUS_NO_SANDBOX);
	if (actor == MAIN_THREAD)
		act_and_end(&act);
	process_components_run(components);
	process_components_reload(components);
	/* The other thread ends the process. */
	(void)poll(NULL, 0, -1);
	_exit(STATUS_NO_WAY);
}

/* How a child ends that enters the sandbox with so many components, and in which one then acts. */
static int fate_with(void (*act)(void), enum actor actor, size_t count)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		be_child(act, actor, count);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static int fate_of(void (*act)(void), enum actor actor)
{
	return fate_with(act, actor, 1);
}

static void start_program(void)
{
	char *const argv[] = {"true", NULL};

	(void)execv("/bin/true", argv);
}

static void start_process(void)
{
	if (fork() == 0)
		_exit(0);
}

static void open_connection(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void open_raw_socket(void)
{
	(void)socket(AF_PACKET, SOCK_RAW, 0);
}

static void connect_elsewhere(void)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	(void)connect(STDIN_FILENO, (const struct sockaddr *)&to, sizeof(to));
}

static void trace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void signal_others(void)
{
	(void)kill(getppid(), 0);
}

static void signal_others_threads(void)
{
	(void)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static void become_root(void)
{
	if (syscall(SYS_setuid, 0) < 0)
		_exit(STATUS_DONE);
}

static void test_what_only_an_intruder_does_is_deadly(void **state)
{
	static void (*const acts[])(void) = {
	        start_program,   start_process,         open_connection,
	        open_raw_socket, connect_elsewhere,     trace,
	        signal_others,   signal_others_threads, become_root,
	};

	(void)state;
	for (size_t i = 0; i < ACTORS * sizeof(acts) / sizeof(acts[0]); i++) {
		int status = fate_of(acts[i / ACTORS], (enum actor)(i % ACTORS));

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("case %zu, actor %zu: status %#x", i / ACTORS, i % ACTORS,
			         (unsigned)status);
	}
}

/* Ends the child with the number of the line that did not hold. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			_exit(__LINE__ & 0xff);                                                    \
	} while (0)

static void work(void)
{
	char path[64], byte = 'x';
	int file, made;
	struct rlimit limit;
	void *memory;

	(void)snprintf(path, sizeof(path), "%s/db-XXXXXX", open_dir);
	file = mkstemp(path);
	MUST(file >= 0 && write(file, &byte, 1) == 1 && fsync(file) == 0);
	MUST(unlink(path) == 0 && close(file) == 0);
	/* The way to the service manager. */
	made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	MUST(made >= 0 && close(made) == 0);
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(memory != MAP_FAILED);
	/* No new code, but that is no reason to end. */
	MUST(mprotect(memory, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EACCES);
	MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	             MAP_FAILED &&
	     errno == EACCES);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0 && errno == ENOSYS);
	MUST(raise(SIGURG) == 0);
	MUST(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit) < 0 && errno == ENOSYS);
	MUST(prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0);
	/* A call that no kernel has yet. */
	MUST(syscall(4000) < 0 && errno == ENOSYS);
	/* The component names one of these. */
	errno = 0;
	MUST(getpriority(PRIO_PROCESS, 0) != -1 || errno == 0);
	MUST(getpgid(0) < 0 && errno == ENOSYS);
}

static void must_end_well(void (*act)(void), size_t components)
{
	for (enum actor actor = MAIN_THREAD; actor < ACTORS; actor++) {
		int status = fate_with(act, actor, components);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != STATUS_DONE)
			fail_msg("actor %d: status %#x, line %d", (int)actor, (unsigned)status,
			         WEXITSTATUS(status));
	}
}

static void test_work_goes_on(void **state)
{
	(void)state;
	must_end_well(work, 1);
}

/* What one component names all threads may do, even what is deadly otherwise. */
static void use_the_others_calls(void)
{
	MUST(getpgid(0) >= 0);
	MUST(syscall(SYS_setuid, getuid()) == 0);
}

static void test_filter_is_the_union_of_what_components_name(void **state)
{
	(void)state;
	must_end_well(use_the_others_calls, 2);
}

/* What a failed check of the C library's or ours does still shows as that, with its core. */
static void test_abort_is_abort(void **state)
{
	(void)state;
	for (enum actor actor = MAIN_THREAD; actor < ACTORS; actor++) {
		int status = fate_of(abort, actor);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

static bool is_denied(const char *directory, const char *name, int flags)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, flags | O_CLOEXEC, 0600) < 0 && errno == EACCES;
}

/* All of these files are there, and the test's own. */
static void look_around(void)
{
	MUST(!is_denied(open_dir, "file", O_RDWR));
	MUST(!is_denied(open_dir, "new", O_RDWR | O_CREAT));
	MUST(!is_denied(open_dir, ".", O_RDONLY | O_DIRECTORY));
	MUST(!is_denied("/dev", "null", O_RDONLY));
	MUST(!is_denied("/dev", "urandom", O_RDONLY));
	MUST(!is_denied("/proc/self", "statm", O_RDONLY));
	MUST(!is_denied("/proc/self", "fd", O_RDONLY | O_DIRECTORY));
	MUST(is_denied(shut_dir, "file", O_RDONLY));
	MUST(is_denied(shut_dir, "file", O_WRONLY));
	MUST(is_denied(shut_dir, "new", O_WRONLY | O_CREAT));
	MUST(is_denied(open_dir, "..", O_RDONLY | O_DIRECTORY));
	MUST(is_denied("/etc", "passwd", O_RDONLY));
	MUST(is_denied("/dev", "null", O_WRONLY));
	MUST(is_denied("/proc/1", "status", O_RDONLY));
	MUST(is_denied("/proc/self", "comm", O_WRONLY));
	/* By a link out of the open directory it is the same. */
	MUST(is_denied(open_dir, "link", O_RDONLY));
}

static void test_files_elsewhere_cannot_be_opened(void **state)
{
	(void)state;
	if (landlock_abi() <= 0)
		skip_without("Landlock in the kernel");
	must_end_well(look_around, 1);
}

/* What the filter of system calls kills for is refused by Landlock alone, too: here there is no
 * filter. */
static void be_landlocked(bool abstract_sockets, const char *notify_name)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct sockaddr_un notify = {.sun_family = AF_UNIX};
	socklen_t len =
	        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(notify_name));
	int tcp = socket(AF_INET, SOCK_STREAM, 0), unix_socket = socket(AF_UNIX, SOCK_DGRAM, 0);
	bool net = landlock_abi() >= 4, scope = landlock_abi() >= 6;
	struct ls_fail fail;
	int abi = 0;

	memcpy(notify.sun_path + 1, notify_name, strlen(notify_name));
	MUST(process_sandbox_begin(&fail) == 0);
	MUST(process_landlock_enter(NULL, 0, abstract_sockets, &abi, &fail) == 0);
	MUST(abi == landlock_abi());
	MUST(connect(tcp, (const struct sockaddr *)&to, sizeof(to)) < 0);
	MUST((errno == EACCES) == net);
	MUST((sendto(unix_socket, "x", 1, 0, (struct sockaddr *)&notify, len) < 0) ==
	     (scope && !abstract_sockets));
	MUST((kill(getppid(), 0) < 0) == scope);
	MUST(kill(getpid(), 0) == 0);
	_exit(STATUS_DONE);
}

static void test_landlock_alone_refuses_connections_and_signals(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[32];

	(void)state;
	if (landlock_abi() <= 0)
		skip_without("Landlock in the kernel");
	(void)snprintf(name, sizeof(name), "sandbox-%d", (int)getpid());
	memcpy(address.sun_path + 1, name, strlen(name));
	assert_int_equal(
	        bind(notify, (struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
	        0);
	for (int abstract_sockets = 0; abstract_sockets < 2; abstract_sockets++) {
		int status = 0;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			be_landlocked(abstract_sockets, name);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != STATUS_DONE)
			fail_msg("status %#x, line %d", (unsigned)status, WEXITSTATUS(status));
	}
	(void)close(notify);
}

static void make_file(const char *directory)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static int make_places(void **state)
{
	char path[64], target[64];

	(void)state;
	if (!mkdtemp(open_dir) || !mkdtemp(shut_dir))
		return -1;
	make_file(open_dir);
	make_file(shut_dir);
	(void)snprintf(path, sizeof(path), "%s/link", open_dir);
	(void)snprintf(target, sizeof(target), "%s/file", shut_dir);
	return symlink(target, path);
}

static int remove_places(void **state)
{
	static const char *const names[] = {"file", "new", "link"};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", open_dir, names[i]);
		(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%s/%s", shut_dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(open_dir) < 0 || rmdir(shut_dir) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_only_an_intruder_does_is_deadly),
	        cmocka_unit_test(test_work_goes_on),
	        cmocka_unit_test(test_filter_is_the_union_of_what_components_name),
	        cmocka_unit_test(test_abort_is_abort),
	        cmocka_unit_test(test_files_elsewhere_cannot_be_opened),
	        cmocka_unit_test(test_landlock_alone_refuses_connections_and_signals),
	};

	return cmocka_run_group_tests(tests, make_places, remove_places);
}
