/* SPDX-License-Identifier: Apache-2.0 */
/* The filter allows the system calls that a running server needs. Calls that only an intruder makes
 * kill the process. All others fail with ENOSYS, so that a C library that tries a newer call falls
 * back to an older one. A component may allow further calls, even ones that would kill. */
#include "server/process/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* Names, since not every architecture has all of these calls. The calls that make loops, threads
 * and eventfds are missing: the filter comes after them. */
static const char *const common[] = {
        /* the event loop and its sockets */
        "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "getpeername", "getsockname",
        "getsockopt", "poll", "ppoll", "recvfrom", "recvmsg", "sendmsg", "sendto", "setsockopt",
        "shutdown",
        /* files and the log */
        "access", "close", "faccessat", "faccessat2", "fcntl", "fstat", "lseek", "lstat",
        "newfstatat", "open", "openat", "read", "readv", "stat", "statx", "write", "writev",
        /* memory */
        "brk", "madvise", "mremap", "munmap",
        /* time, randomness and the process itself */
        "clock_getres", "clock_gettime", "clock_nanosleep", "exit", "exit_group", "futex",
        "getegid", "geteuid", "getgid", "getpid", "getrandom", "gettid", "gettimeofday", "getuid",
        "nanosleep", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
        "sched_getaffinity", "sched_yield", "sigaltstack", "sysinfo", "time", "uname", NULL};

static const char *const deadly[] = {
        /* to start programs, to reach other processes */
        "clone", "clone3", "execve", "execveat", "fork", "kill", "pidfd_send_signal",
        "process_vm_readv", "process_vm_writev", "ptrace", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
        "tkill", "vfork",
        /* to connect to others or open ports */
        "bind", "connect", "listen",
        /* to change the kernel, the file systems, the user */
        "add_key", "bpf", "chroot", "delete_module", "finit_module", "init_module",
        "io_uring_setup", "kexec_load", "keyctl", "mount", "perf_event_open", "pivot_root",
        "reboot", "setgid", "setgroups", "setns", "setresgid", "setresuid", "setuid", "umount2",
        "unshare", "userfaultfd", NULL};

/* The components whose calls are allowed. */
struct callers {
	const struct component *rows;
	size_t count;
};

static bool is_in(const char *const *names, const char *name)
{
	for (; names && *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static bool is_named(const struct callers *callers, const char *name)
{
	for (size_t i = 0; i < callers->count; i++) {
		if (is_in(callers->rows[i].calls, name))
			return true;
	}
	return false;
}

/* A name that this libseccomp or this architecture does not know needs no rule. */
static bool add_call(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number < 0 || seccomp_rule_add(filter, action, number, 0) >= 0;
}

static bool add_all(scmp_filter_ctx filter, const char *const *names)
{
	for (; names && *names; names++) {
		if (!add_call(filter, SCMP_ACT_ALLOW, *names))
			return false;
	}
	return true;
}

static bool add_calls(scmp_filter_ctx filter, const struct callers *callers)
{
	if (!add_all(filter, common))
		return false;
	for (size_t i = 0; i < callers->count; i++) {
		if (!add_all(filter, callers->rows[i].calls))
			return false;
	}
	for (const char *const *name = deadly; *name; name++) {
		if (!is_named(callers, *name) && !add_call(filter, SCMP_ACT_KILL_PROCESS, *name))
			return false;
	}
	return true;
}

/* Calls that depend on one of their arguments. */
static bool add_conditions(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp local = {.op = SCMP_CMP_EQ, .datum_a = AF_UNIX};
	const struct scmp_arg_cmp remote = {.op = SCMP_CMP_NE, .datum_a = AF_UNIX};
	const struct scmp_arg_cmp no_code = {
	        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
	const struct scmp_arg_cmp code = {
	        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = PROT_EXEC};
	const struct scmp_arg_cmp unread = {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = FIONREAD};
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const struct scmp_arg_cmp own = {.op = SCMP_CMP_EQ, .datum_a = self};
	const struct scmp_arg_cmp others = {.op = SCMP_CMP_NE, .datum_a = self};
	const struct scmp_arg_cmp caller = {.op = SCMP_CMP_EQ, .datum_a = 0};
	const struct {
		int call;
		uint32_t action;
		const struct scmp_arg_cmp *condition;
	} rules[] = {
	        /* Datagrams to the service manager are allowed, traffic to hosts is not. */
	        {SCMP_SYS(socket), SCMP_ACT_ALLOW, &local},
	        {SCMP_SYS(socket), SCMP_ACT_KILL_PROCESS, &remote},
	        {SCMP_SYS(mmap), SCMP_ACT_ALLOW, &no_code},
	        {SCMP_SYS(mprotect), SCMP_ACT_ALLOW, &no_code},
	        {SCMP_SYS(mmap), SCMP_ACT_ERRNO(EACCES), &code},
	        {SCMP_SYS(mprotect), SCMP_ACT_ERRNO(EACCES), &code},
	        /* libevent asks how much there is to read. */
	        {SCMP_SYS(ioctl), SCMP_ACT_ALLOW, &unread},
	        /* abort() signals the process itself. */
	        {SCMP_SYS(tgkill), SCMP_ACT_ALLOW, &own},
	        {SCMP_SYS(tgkill), SCMP_ACT_KILL_PROCESS, &others},
	        {SCMP_SYS(prlimit64), SCMP_ACT_ALLOW, &caller},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (seccomp_rule_add_array(filter, rules[i].action, rules[i].call, 1,
		                           rules[i].condition) < 0)
			return false;
	}
	return true;
}

static int load(scmp_filter_ctx filter, const struct callers *callers, struct ls_fail *fail)
{
	int r;

	/* TSYNC puts the filter into all threads, or fails and puts it into none. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) < 0 || !add_calls(filter, callers) ||
	    !add_conditions(filter))
		return ls_fail_set(
		        fail, -EINVAL,
		        "cannot make the sandbox's filter: the kernel, or a filter around "
		        "the server, keeps seccomp(2) from it; --sandbox off runs without");
	r = seccomp_load(filter);
	if (r < 0)
		return ls_fail_set(fail, r,
		                   "cannot enter the sandbox: %s; --sandbox off runs without it",
		                   strerror(-r));
	return 0;
}

int process_sandbox_begin(struct ls_fail *fail)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ls_fail_set(fail, -errno, "cannot set no_new_privs: %s", strerror(errno));
	return 0;
}

int process_sandbox_enter(const struct component *rows, size_t count, int landlock_abi,
                          struct ls_fail *fail)
{
	const struct callers callers = {.rows = rows, .count = count};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	char abi[16] = "none";
	int r;

	if (!filter)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	r = load(filter, &callers, fail);
	seccomp_release(filter);
	if (r < 0)
		return r;
	if (landlock_abi > 0)
		(void)snprintf(abi, sizeof(abi), "%d", landlock_abi);
	ls_info("sandbox.entered", "no_new_privs=1 landlock=%s seccomp=1", abi);
	return 0;
}
