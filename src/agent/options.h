/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_AGENT_OPTIONS_H
#define LS_AGENT_OPTIONS_H

#include "agent/agent.h"

/* LS_ERROR_BAD_VALUE or LS_ERROR_LIMIT, with the option's name in `fail`. */
int agent_options_check(const struct agent_options *options, struct ls_fail *fail) LS_MUST_CHECK;

#endif
