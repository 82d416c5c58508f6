/* SPDX-License-Identifier: Apache-2.0 */
/* What the server gives up for good, in this order: new privileges (process_sandbox_begin), files
 * (landlock.h), then, when all threads are there, system calls (process_sandbox_enter). A thread
 * inherits the first two, and cannot be made any more after the last. */
#ifndef LS_SERVER_PROCESS_SANDBOX_H
#define LS_SERVER_PROCESS_SANDBOX_H

#include "server/process/component.h"

/* no_new_privs (prctl(2)): programs with more rights than this process give it none. */
int process_sandbox_begin(struct ls_fail *fail) LS_MUST_CHECK;

/* The system calls of an event loop and those that the components name, and no others (seccomp(2)),
 * in all threads that there are. Says sandbox.entered. A program, process, thread or connection
 * cannot be made and code not be mapped any more: who tries one of the former is killed (SIGSYS).
 * System calls that this version does not know fail with ENOSYS, which C libraries expect of older
 * kernels. `landlock_abi` is for the log. */
int process_sandbox_enter(const struct component *rows, size_t count, int landlock_abi,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
