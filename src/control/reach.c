/* SPDX-License-Identifier: Apache-2.0 */
#include "control/reach.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "control/proxy.h"
#include "profile/known.h"

static void add_host(struct control_reach *reach, const struct known_hosts *known,
                     const struct control_url *url)
{
	const struct known_host *host = known ? profile_known_find(known, url->host) : NULL;
	char **hosts = (char **)(uintptr_t)reach->hosts.items;

	hosts[reach->hosts.count++] = ls_strdup(url->host);
	if (url->numeric && ls_ip_parse(url->host, &reach->addresses[reach->address_count]) == 0)
		reach->address_count++;
	for (size_t i = 0; host && i < host->count; i++)
		reach->addresses[reach->address_count++] = host->addresses[i];
}

int control_reach_make(const struct control_url_list *urls, const struct known_hosts *known,
                       struct control_reach *ret)
{
	size_t hosts_max = 2 * urls->count; /* with a proxy each */
	struct control_reach reach = {
	        .hosts.items = ls_try_array(hosts_max, sizeof(char *)),
	        .addresses = ls_try_array(hosts_max * (1 + PROFILE_KNOWN_ADDRESSES_MAX) +
	                                          PROFILE_KNOWN_SEEN_MAX,
	                                  sizeof(*reach.addresses)),
	};

	if (!reach.hosts.items || !reach.addresses) {
		control_reach_done(&reach);
		return -ENOMEM;
	}
	for (size_t i = 0; i < urls->count; i++) {
		struct proxy *proxy = NULL;

		add_host(&reach, known, &urls->items[i]);
		/* A bad variable is reported when a request fails because of it. */
		if (control_proxy_find(&urls->items[i], getenv, &proxy, NULL) == 0 && proxy)
			add_host(&reach, known, &proxy->url);
		control_proxy_free(proxy);
	}
	for (size_t i = 0; known && i < known->seen_count; i++)
		reach.addresses[reach.address_count++] = known->seen[i];
	*ret = reach;
	return 0;
}

void control_reach_done(struct control_reach *reach)
{
	for (size_t i = 0; i < reach->hosts.count; i++)
		free((char *)(uintptr_t)reach->hosts.items[i]);
	free((void *)(uintptr_t)reach->hosts.items);
	free(reach->addresses);
	*reach = (struct control_reach){0};
}
