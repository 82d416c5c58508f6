/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the server, from its options to its last answer. */
#ifndef LS_SERVER_RUN_H
#define LS_SERVER_RUN_H

#include "server/options/options.h"

/* Returns when a signal has ended it in order (0), or with what kept it from starting. */
int server_run(const struct options *options, struct ls_fail *fail) LS_MUST_CHECK;

#endif
