/* SPDX-License-Identifier: Apache-2.0 */
/* A socket as the event loop needs it. */
#ifndef LS_NET_SOCKET_H
#define LS_NET_SOCKET_H

#include <stdint.h>

#include "base/error.h"

/* Non-blocking, closed on exec; `family` and `type` as for socket(2). `mark` other than 0 is set as
 * SO_MARK (Linux; wants CAP_NET_ADMIN), so that rules of the host can route what is sent apart from
 * all other traffic; a socket that cannot carry it is an error. A descriptor, or -errno. */
int net_socket_open(int family, int type, uint32_t mark) LS_MUST_CHECK;

#endif
