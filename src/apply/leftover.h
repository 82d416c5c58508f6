/* SPDX-License-Identifier: Apache-2.0 */
/* What a crashed run leaves of an interface: the interface itself, and the file of its UAPI socket.
 * Control thread only. */
#ifndef LS_APPLY_LEFTOVER_H
#define LS_APPLY_LEFTOVER_H

#include <stdbool.h>

#include "base/error.h"
#include "netlink/rtnl.h"

/* Removes both when no process serves them. -EBUSY: one does. LS_ERROR_BAD_VALUE: the name does not
 * begin with "ls-". *ret_found: there was something. */
int apply_leftover_remove(struct nl_socket *rtnl, const char *interface, bool *ret_found,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
