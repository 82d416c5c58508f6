/* SPDX-License-Identifier: Apache-2.0 */
/* Where the server is built without libseccomp, or with a sanitizer, whose checks at the end need
 * what a sandbox forbids. */
#include "base/log.h"
#include "server/process/sandbox.h"

int process_sandbox_enter(struct ls_fail *fail)
{
	(void)fail;
	ls_warn("sandbox.absent", "error=\"this server is built without one\"");
	return 0;
}
