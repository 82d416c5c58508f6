/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request came from, when proxies stand in between. */
#ifndef LS_SERVER_HTTP_SOURCE_H
#define LS_SERVER_HTTP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"
#include "wire/ip.h"

/* The proxies whose X-Forwarded-For is believed. */
struct source_trust {
	const struct ls_prefix *prefixes; /* borrowed */
	size_t count;
};

/* What counts as one source: an IPv4 address, an IPv6 /64 (the rest is zero). Who has one address
 * of a /64 has them all. */
struct ls_ip httpd_source_whole(const struct ls_ip *ip);

bool httpd_source_is_trusted(const struct source_trust *trust, const struct ls_ip *ip);

/* `peer` unless it is a trusted proxy; then the right-most address of X-Forwarded-For that is none.
 * Anybody may write what stands further left. LS_FAMILY_NONE when a trusted proxy names somebody in
 * a way that is no address; `peer` when it names nobody. */
struct ls_ip httpd_source_of(const struct source_trust *trust, const struct ls_ip *peer,
                             const struct http_head *head);

#endif
