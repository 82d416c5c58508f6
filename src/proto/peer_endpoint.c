/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/peer_endpoint.h"

#include <stddef.h>
#include <string.h>

/* Blocks of IANA's special-purpose registries (RFC 6890) that never lead to another host, or lead
 * to many. Link-local addresses mean something on one link only, and an endpoint does not say on
 * which; many clouds have their metadata service there. Written as code, because this runs for
 * every endpoint of a large netmap. */
static const char *fault_v4(const uint8_t *b)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (b[0] == 0)
		return "it is no host's address";
	if (b[0] == 127)
		return "it is a loopback address";
	if (b[0] == 169 && b[1] == 254)
		return "it is a link-local address";
	if (b[0] >= 224 && b[0] < 240)
		return "it is a multicast address";
	if (memcmp(b, broadcast, sizeof(broadcast)) == 0)
		return "it is a broadcast address";
	return b[0] >= 240 ? "it is a reserved address" : NULL;
}

static const char *fault_v6(const uint8_t *b)
{
	static const uint8_t loopback[16] = {[15] = 1};
	static const uint8_t zeros[12];

	if (memcmp(b, loopback, sizeof(loopback)) == 0)
		return "it is a loopback address";
	if (memcmp(b, zeros, sizeof(zeros)) == 0)
		return "it is no host's address"; /* also ::127.0.0.1 and the like */
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return "it is a link-local address";
	return b[0] == 0xff ? "it is a multicast address" : NULL;
}

const char *proto_peer_endpoint_fault(const struct ls_ip *ip)
{
	return ip->family == LS_FAMILY_V4 ? fault_v4(ip->b) : fault_v6(ip->b);
}
