/* SPDX-License-Identifier: Apache-2.0 */
/* Where a change comes from. Filled once when a request is taken in, and handed down to whatever
 * changes the state. */
#ifndef LS_SERVER_STATE_ORIGIN_H
#define LS_SERVER_STATE_ORIGIN_H

#include <stdint.h>

#include "wire/ip.h"

struct origin {
	int64_t now;         /* Unix time of the whole change */
	struct ls_ip source; /* LS_FAMILY_NONE: none that is of use to anybody */
};

#endif
