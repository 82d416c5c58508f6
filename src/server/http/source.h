/* SPDX-License-Identifier: Apache-2.0 */
/* The address that a request comes from, when there are proxies in between. */
#ifndef LS_SERVER_HTTP_SOURCE_H
#define LS_SERVER_HTTP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"
#include "wire/ip.h"

/* The proxies whose X-Forwarded-For is trusted. */
struct source_trust {
	const struct ls_prefix *prefixes; /* borrowed */
	size_t count;
};

bool httpd_source_is_trusted(const struct source_trust *trust, const struct ls_ip *ip);

/* The source of a request. This is `peer`, unless `peer` is a trusted proxy. Then it is the
 * right-most address in X-Forwarded-For that is not a trusted proxy; anybody can forge what is
 * further left. LS_FAMILY_NONE when a trusted proxy adds something that is not an address. When
 * all addresses are trusted proxies, the left-most one; without any, `peer`. */
struct ls_ip httpd_source_of(const struct source_trust *trust, const struct ls_ip *peer,
                             const struct http_head *head);

#endif
