/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what a crashed run leaves of an interface: the interface itself, and the file of its UAPI
 * socket. Control thread only. */
#ifndef LS_APPLY_LEFTOVER_H
#define LS_APPLY_LEFTOVER_H

#include <stdbool.h>

#include "base/error.h"
#include "netlink/rtnl.h"

/* Removes both when no process serves them. -EBUSY: a process does. LS_ERROR_BAD_VALUE: the name
 * does not begin with "ls-". *ret_found tells whether there was something to remove. */
int apply_leftover_remove(struct nl_socket *rtnl, const char *interface, bool *ret_found,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
