/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for sandbox.c and landlock.c when the server is built without libseccomp, or with a
 * sanitizer: its checks at exit need what a sandbox forbids. */
#include "base/log.h"
#include "server/process/landlock.h"
#include "server/process/sandbox.h"

int process_sandbox_begin(struct ls_fail *fail)
{
	(void)fail;
	return 0;
}

int process_landlock_enter(const struct landlock_file *files, size_t count, bool abstract_sockets,
                           int *ret_abi, struct ls_fail *fail)
{
	(void)files;
	(void)count;
	(void)abstract_sockets;
	(void)fail;
	*ret_abi = 0;
	return 0;
}

int process_sandbox_enter(const struct component *rows, size_t count, int landlock_abi,
                          struct ls_fail *fail)
{
	(void)rows;
	(void)count;
	(void)landlock_abi;
	(void)fail;
	ls_warn("sandbox.absent", "error=\"this server is built without a sandbox\"");
	return 0;
}
