/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of a server at work, and no others (seccomp(2)). */
#ifndef LS_SERVER_PROCESS_SANDBOX_H
#define LS_SERVER_PROCESS_SANDBOX_H

#include "base/error.h"

/* For this thread and all it will make; there is no way back. Says sandbox.entered. Programs cannot
 * be started, connections not be made and code not be mapped any more: who tries the first two is
 * killed (SIGSYS). System calls that this version does not know fail with ENOSYS, which C libraries
 * expect of older kernels. */
int process_sandbox_enter(struct ls_fail *fail) LS_MUST_CHECK;

#endif
