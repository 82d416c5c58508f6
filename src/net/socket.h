/* SPDX-License-Identifier: Apache-2.0 */
/* Makes sockets for the event loop. */
#ifndef LS_NET_SOCKET_H
#define LS_NET_SOCKET_H

#include <stdint.h>

#include "base/error.h"

/* Opens a socket that is non-blocking and closed on exec; `family` and `type` are as for socket(2).
 * A `mark` other than 0 is set as SO_MARK (Linux; needs CAP_NET_ADMIN), so that the host's rules
 * can route its packets separately; the call fails when the mark cannot be set. Returns a
 * descriptor or -errno. */
int net_socket_open(int family, int type, uint32_t mark) LS_MUST_CHECK;

#endif
