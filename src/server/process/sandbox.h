/* SPDX-License-Identifier: Apache-2.0 */
/* The server gives up for good, in this order: new privileges (process_sandbox_begin), files
 * (landlock.h) and, once all threads exist, system calls (process_sandbox_enter). New threads
 * inherit the first two limits; after the last one, no thread can be made. */
#ifndef LS_SERVER_PROCESS_SANDBOX_H
#define LS_SERVER_PROCESS_SANDBOX_H

#include "server/process/component.h"

/* Sets no_new_privs (prctl(2)): from now on, executing a program cannot give this process more
 * rights. */
int process_sandbox_begin(struct ls_fail *fail) LS_MUST_CHECK;

/* Limits all existing threads to the system calls of an event loop and those that the components
 * name (seccomp(2)). From now on, a thread that tries to start a program, process, thread or
 * connection gets the whole process killed (SIGSYS), and mapping code fails with EACCES. System
 * calls that the filter does not know fail with ENOSYS, as on an older kernel. Logs
 * sandbox.entered; `landlock_abi` is only for that line. */
int process_sandbox_enter(const struct component *rows, size_t count, int landlock_abi,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
