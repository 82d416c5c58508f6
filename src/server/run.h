/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the server: start, event loop, end. */
#ifndef LS_SERVER_RUN_H
#define LS_SERVER_RUN_H

#include "server/options/options.h"

/* Returns 0 after a signal has stopped the server in order. Otherwise the start failed, or a part
 * of the server failed later; `fail` says why. */
int server_run(const struct options *options, struct ls_fail *fail) LS_MUST_CHECK;

#endif
