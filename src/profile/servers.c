/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/servers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char member[] = "netmap_servers";

void profile_servers_done(struct profile_servers *servers)
{
	for (size_t i = 0; i < servers->count; i++)
		free(servers->urls[i]);
	*servers = (struct profile_servers){0};
}

bool profile_servers_has(const struct profile_servers *servers, const char *url)
{
	for (size_t i = 0; i < servers->count; i++) {
		if (ls_streq(servers->urls[i], url))
			return true;
	}
	return false;
}

bool profile_servers_add(struct profile_servers *servers, const char *url)
{
	if (profile_servers_has(servers, url))
		return false;
	if (servers->count == LIMIT_CONTROL_URLS) {
		free(servers->urls[0]);
		servers->count--;
		memmove(&servers->urls[0], &servers->urls[1],
		        servers->count * sizeof(servers->urls[0]));
	}
	servers->urls[servers->count++] = ls_strdup(url);
	return true;
}

void profile_servers_add_all(struct profile_servers *servers, const struct profile_servers *from)
{
	for (size_t i = 0; i < from->count; i++)
		(void)profile_servers_add(servers, from->urls[i]);
}

void profile_servers_read(const struct json_at *at, struct profile_servers *ret)
{
	struct string_list list = json_read_strings(at, member, LIMIT_CONTROL_URLS, LIMIT_URL_LEN);

	for (size_t i = 0; i < list.count; i++)
		(void)profile_servers_add(ret, list.items[i]);
}

void profile_servers_put(struct json_writer *w, const struct profile_servers *servers)
{
	const char *items[LIMIT_CONTROL_URLS];

	if (servers->count == 0)
		return;
	for (size_t i = 0; i < servers->count; i++)
		items[i] = servers->urls[i];
	json_put_strings(w, member, (struct string_list){.items = items, .count = servers->count});
}
