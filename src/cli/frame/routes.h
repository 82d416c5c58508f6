/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_CLI_FRAME_ROUTES_H
#define LS_CLI_FRAME_ROUTES_H

#include "cli/frame/args.h"

/* Notes which values of a CLI_ROUTE option are announced otherwise than they were typed: those with
 * host bits. */
void cli_routes_note(const struct cli_args *args, const char *option);

#endif
