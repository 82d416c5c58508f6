/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the result of a dry run. Built only with the data plane. */
#ifndef LS_CLI_HOST_DRY_RUN_H
#define LS_CLI_HOST_DRY_RUN_H

#include "agent/dry_run.h"
#include "cli/frame/args.h"

int host_dry_run_print(const struct cli_args *args, const struct dry_run *run,
                       struct ls_fail *fail) LS_MUST_CHECK;

#endif
