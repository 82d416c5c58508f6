/* SPDX-License-Identifier: Apache-2.0 */
/* Which source holds the most of the front's connections, and how to get some of them back. IPv6
 * sources count by their /64. Connections that were detached count for their source, but are not
 * the front's to end. */
#ifndef LS_SERVER_HTTP_EVICT_H
#define LS_SERVER_HTTP_EVICT_H

#include <stdbool.h>
#include <stddef.h>

#include "server/http/front.h"

/* Ends half of the connections of the source that holds the most, those that were silent the
 * longest, and returns how many; *ret_source is whose they were. 0, and nobody is ended, when that
 * source has less than a quarter of all; or when it is the newcomer's own, which *ret_source is
 * then, else LS_FAMILY_NONE. Proxies do not count as sources. Not from a connection's own callback.
 */
size_t httpd_evict_greediest(struct httpd *httpd, const struct ls_ip *newcomer,
                             struct ls_ip *ret_source);

/* True when `ip` belongs to a source that httpd_evict_greediest() returned. */
bool httpd_evict_is_from(const struct ls_ip *source, const struct ls_ip *ip);

#endif
