/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in the sandbox can do, and what ends it. Each case is a child of its own, since
 * there is no way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/process/sandbox.h"

enum {
	STATUS_DONE = 7, /* the child came to its end */
	STATUS_NO_SANDBOX = 9,
};

/* How a child ends that enters the sandbox and then acts. */
static int fate_of(void (*act)(void))
{
	const struct rlimit no_core = {0};
	struct ls_fail fail;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		if (process_sandbox_enter(&fail) < 0)
			_exit(STATUS_NO_SANDBOX);
		act();
		_exit(STATUS_DONE);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
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
	if (setuid(0) < 0)
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
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = fate_of(acts[i]);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("case %zu: status %#x", i, (unsigned)status);
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
	char path[] = "/tmp/sandbox-XXXXXX", byte = 'x';
	int file = mkstemp(path), pair[2];
	struct rlimit limit;
	void *memory;

	MUST(file >= 0 && write(file, &byte, 1) == 1 && fsync(file) == 0);
	MUST(unlink(path) == 0 && close(file) == 0);
	/* The way to the service manager. */
	pair[0] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	MUST(pair[0] >= 0 && close(pair[0]) == 0);
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
}

static void test_work_goes_on(void **state)
{
	int status = fate_of(work);

	(void)state;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != STATUS_DONE)
		fail_msg("status %#x, line %d", (unsigned)status, WEXITSTATUS(status));
}

/* What a failed check of the C library's or ours does still shows as that, with its core. */
static void test_abort_is_abort(void **state)
{
	int status = fate_of(abort);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_only_an_intruder_does_is_deadly),
	        cmocka_unit_test(test_work_goes_on),
	        cmocka_unit_test(test_abort_is_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
