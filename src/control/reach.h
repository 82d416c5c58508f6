/* SPDX-License-Identifier: Apache-2.0 */
/* What this host must reach to talk to its control servers. Without I/O but reading the
 * environment's proxies. */
#ifndef LS_CONTROL_REACH_H
#define LS_CONTROL_REACH_H

#include "base/string_list.h"
#include "control/url.h"
#include "wire/ip.h"

struct known_hosts;

struct control_reach {
	struct string_list hosts; /* of the URLs and of their proxies: names and addresses */
	struct ls_ip *addresses;  /* malloced: those in the URLs, and those that are known */
	size_t address_count;
};

/* `known` may be NULL. Free the result with control_reach_done. -ENOMEM. */
int control_reach_make(const struct control_url_list *urls, const struct known_hosts *known,
                       struct control_reach *ret) LS_MUST_CHECK;
void control_reach_done(struct control_reach *reach);

#endif
