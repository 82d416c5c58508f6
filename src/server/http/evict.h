/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the source that holds the most connections of the front, and ends some of them. IPv6
 * sources count by their /64. Detached connections count for their source, but the front cannot end
 * them. */
#ifndef LS_SERVER_HTTP_EVICT_H
#define LS_SERVER_HTTP_EVICT_H

#include <stdbool.h>
#include <stddef.h>

#include "server/http/front.h"

/* Ends half of the connections of the source that holds the most, beginning with those that were
 * silent the longest, and returns how many. Ends none and returns 0 when that source has less than
 * a quarter of all connections, or is the source of `newcomer`. *ret_source is the source that was
 * found; LS_FAMILY_NONE when it has less than a quarter. Proxies do not count as sources. Must not
 * be called from a callback of a connection. */
size_t httpd_evict_greediest(struct httpd *httpd, const struct ls_ip *newcomer,
                             struct ls_ip *ret_source);

/* True when `ip` belongs to `source`, which httpd_evict_greediest() has returned. */
bool httpd_evict_is_from(const struct ls_ip *source, const struct ls_ip *ip);

#endif
