/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the host when a packet cannot be sent: ICMP destination unreachable, host (RFC 792, RFC
 * 1122 3.2.2), or ICMPv6 destination unreachable, address (RFC 4443 3.1). Or when it is too big:
 * fragmentation needed (RFC 1191), or packet too big (RFC 4443 3.2). Without I/O.
 *
 * The answer comes from this host, which did not find a way, not from the destination, which knows
 * nothing of it. */
#ifndef LS_DATAPLANE_ICMP_H
#define LS_DATAPLANE_ICMP_H

#include <stddef.h>
#include <stdint.h>

#include "wire/ip.h"

enum {
	ICMP_ANSWER_MAX = 1280, /* the whole answer fits the smallest IPv6 MTU */
};

/* Writes the answer to `packet` from `source`, of the same family, and returns its length. 0: this
 * packet must not be answered (not IP; an ICMP error; from or to a multicast,
 * broadcast or unspecified address; a later fragment). */
size_t dp_icmp_unreachable(const uint8_t *packet, size_t len, const struct ls_ip *source,
                           uint8_t ret_answer[static ICMP_ANSWER_MAX]);
/* The same, but says that the packet is too big: the sender is to send at most `mtu` bytes. */
size_t dp_icmp_too_big(const uint8_t *packet, size_t len, const struct ls_ip *source, uint16_t mtu,
                       uint8_t ret_answer[static ICMP_ANSWER_MAX]);

#endif
