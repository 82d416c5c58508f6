/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an access policy from --file or --json. */
#ifndef LS_CLI_ADMIN_ACL_INPUT_H
#define LS_CLI_ADMIN_ACL_INPUT_H

#include "base/mem.h"
#include "cli/frame/args.h"
#include "proto/acl.h"

/* A failure names the place of the mistake; unknown members are mistakes, too (acl_members.h). *ret
 * lives in the arena. */
int admin_acl_input_read(const struct cli_args *args, struct ls_arena *arena,
                         struct acl_policy *ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
