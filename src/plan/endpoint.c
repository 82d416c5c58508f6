/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/endpoint.h"

#include <string.h>

#include "proto/peer_endpoint.h"

/* True for the addresses of an IPv4 link that mean all its hosts (RFC 1122 3.2.1.3): those whose
 * host bits are all ones, or all zeros. */
static bool is_broadcast(const struct ls_prefix *link, const struct ls_ip *ip)
{
	struct ls_ip last = link->ip;

	if (link->ip.family != LS_FAMILY_V4 || link->bits > 30 || !ls_prefix_contains(link, ip))
		return false;
	for (unsigned bit = link->bits; bit < 32; bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return ls_ip_equal(ip, &link->ip) || ls_ip_equal(ip, &last);
}

const char *plan_endpoint_fault(const struct ls_endpoint *endpoint, const struct plan_facts *facts,
                                const struct ls_prefix *tunnel, size_t tunnel_count)
{
	const struct ls_ip *ip = &endpoint->ip;
	const char *fault = proto_peer_endpoint_fault(ip);

	for (size_t i = 0; i < tunnel_count && !fault; i++) {
		if (ls_prefix_contains(&tunnel[i], ip))
			fault = "it lies inside the tunnel";
	}
	for (size_t i = 0; i < facts->local_address_count && !fault; i++) {
		if (ls_ip_equal(&facts->local_addresses[i], ip))
			fault = "it is this host's own address";
	}
	for (size_t i = 0; i < facts->local_prefix_count && !fault; i++) {
		if (is_broadcast(&facts->local_prefixes[i], ip))
			fault = "it is a broadcast address";
	}
	return fault;
}
