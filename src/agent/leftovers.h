/* SPDX-License-Identifier: Apache-2.0 */
/* What a run that was killed leaves behind: an interface, its UAPI socket, names in a hosts file.
 */
#ifndef LS_AGENT_LEFTOVERS_H
#define LS_AGENT_LEFTOVERS_H

#include <stdbool.h>

#include "base/error.h"

/* Removes interface and socket when nobody serves them. -EBUSY: somebody does. LS_ERROR_BAD_VALUE:
 * the name does not begin with "ls-". *ret_found: there was something. */
int agent_leftovers_remove_interface(const char *interface, bool *ret_found,
                                     struct ls_fail *fail) LS_MUST_CHECK;

/* That, and the profile's names in the hosts file (NULL: none). */
int agent_leftovers_remove(const char *interface, const char *hosts_path, const char *profile,
                           struct ls_fail *fail) LS_MUST_CHECK;

#endif
