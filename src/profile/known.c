/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/known.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct known_host *find(struct known_hosts *known, const char *host)
{
	for (size_t i = 0; i < known->count; i++) {
		if (strcasecmp(known->hosts[i].name, host) == 0)
			return &known->hosts[i];
	}
	return NULL;
}

const struct known_host *profile_known_find(const struct known_hosts *known, const char *host)
{
	return find((struct known_hosts *)(uintptr_t)known, host);
}

/* Moves the host to the front; a new one takes the place of the last when all are taken. */
static struct known_host *bring_to_front(struct known_hosts *known, const char *host)
{
	struct known_host *at = find(known, host);
	struct known_host copy = {0};

	if (at) {
		copy = *at;
	} else {
		if (known->count < PROFILE_KNOWN_HOSTS_MAX)
			known->count++;
		at = &known->hosts[known->count - 1];
		(void)snprintf(copy.name, sizeof(copy.name), "%s", host);
	}
	memmove(&known->hosts[1], &known->hosts[0],
	        (size_t)(at - known->hosts) * sizeof(known->hosts[0]));
	known->hosts[0] = copy;
	return &known->hosts[0];
}

/* Returns true when the address is new. */
static bool put_first(struct known_host *host, const struct ls_ip *address)
{
	size_t at = 0;
	bool is_new;

	while (at < host->count && !ls_ip_equal(&host->addresses[at], address))
		at++;
	is_new = at == host->count;
	if (is_new && host->count < PROFILE_KNOWN_ADDRESSES_MAX)
		host->count++;
	if (at == PROFILE_KNOWN_ADDRESSES_MAX)
		at--;
	memmove(&host->addresses[1], &host->addresses[0], at * sizeof(host->addresses[0]));
	host->addresses[0] = *address;
	return is_new;
}

void profile_known_note(struct known_hosts *known, const char *host, const struct ls_ip *address)
{
	if (strlen(host) >= PROFILE_KNOWN_HOST_TEXT || address->family == LS_FAMILY_NONE)
		return;
	/* A change of the order alone is not worth a write: names with several addresses would
	 * cause one at every connection. */
	if (put_first(bring_to_front(known, host), address))
		known->version++;
}

void profile_known_see(struct known_hosts *known, const struct ls_ip *address)
{
	for (size_t i = 0; i < known->seen_count; i++) {
		if (ls_ip_equal(&known->seen[i], address))
			return;
	}
	known->seen[known->seen_next] = *address;
	known->seen_next = (known->seen_next + 1) % PROFILE_KNOWN_SEEN_MAX;
	if (known->seen_count < PROFILE_KNOWN_SEEN_MAX)
		known->seen_count++;
}

static void read_host(const char *name, const json_t *list, struct known_host *ret)
{
	*ret = (struct known_host){0};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	for (size_t i = 0; i < json_array_size(list) && ret->count < PROFILE_KNOWN_ADDRESSES_MAX;
	     i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text && ls_ip_parse(text, &ret->addresses[ret->count]) == 0)
			ret->count++;
	}
}

void profile_known_read(const struct json_at *at, const char *member, struct known_hosts *ret)
{
	struct json_at object = json_member(at, member);
	json_t *value = (json_t *)(uintptr_t)object.value;

	*ret = (struct known_hosts){0};
	for (void *it = json_object_iter(value); it && ret->count < PROFILE_KNOWN_HOSTS_MAX;
	     it = json_object_iter_next(value, it)) {
		const char *name = json_object_iter_key(it);

		if (strlen(name) >= PROFILE_KNOWN_HOST_TEXT || find(ret, name))
			continue;
		read_host(name, json_object_iter_value(it), &ret->hosts[ret->count]);
		ret->count += ret->hosts[ret->count].count > 0;
	}
}

json_t *profile_known_encode(const struct known_hosts *known)
{
	struct json_writer w = json_begin();

	for (size_t i = 0; i < known->count; i++) {
		const struct known_host *host = &known->hosts[i];
		json_t *list = json_array();

		for (size_t j = 0; j < host->count; j++) {
			char text[LS_IP_TEXT];

			w.failed |= !json_append(
			        list, json_string(ls_ip_format(&host->addresses[j], text)));
		}
		json_put(&w, host->name, list);
	}
	return json_finish(&w);
}
