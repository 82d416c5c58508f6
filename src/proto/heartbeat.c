/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/heartbeat.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "proto/limits.h"
#include "proto/names.h"
#include "json/json.h"

enum {
	INSTANCE_DIGITS = 16
};

void proto_heartbeat_warn(struct heartbeat *heartbeat, struct ls_arena *arena, const char *what,
                          const char *subject, const char *why)
{
	const char **items = (const char **)(uintptr_t)heartbeat->warnings.items;
	char text[LIMIT_HOST_PORT_LEN + 128];

	if (heartbeat->warnings.count >= PROTO_HEARTBEAT_WARNINGS)
		return;
	if (!items) {
		items = ls_arena_alloc(arena, PROTO_HEARTBEAT_WARNINGS, sizeof(*items));
		heartbeat->warnings.items = items;
	}
	(void)snprintf(text, sizeof(text), "%s %s is left out: %s", what, subject, why);
	ls_str_mask_control(text);
	if (items && (items[heartbeat->warnings.count] = ls_arena_strdup(arena, text)))
		heartbeat->warnings.count++;
}

static void read_endpoints(const struct json_at *at, struct heartbeat *ret)
{
	struct string_list given =
	        json_read_strings(at, "endpoints", LIMIT_ENDPOINTS, LIMIT_HOST_PORT_LEN);
	const char **items = json_alloc(at->decoder, given.count, sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; items && i < given.count; i++) {
		struct ls_fail why;

		if (proto_name_check_announced(given.items[i], "it", &why) == 0)
			items[n++] = given.items[i];
		else
			proto_heartbeat_warn(ret, at->decoder->arena, "endpoint", given.items[i],
			                     why.text);
	}
	ret->endpoints = (struct string_list){.items = items, .count = n};
}

/* Reads one route with a lenient decoder. */
static bool read_route(const struct json_at *item, struct heartbeat *heartbeat, struct route *ret)
{
	struct json_decoder decoder = *item->decoder;
	struct json_at own = *item;

	own.decoder = &decoder;
	decoder.lenient = true;
	if (proto_route_read(&own, ret))
		return true;
	if (decoder.code < 0)
		item->decoder->code = decoder.code;
	else
		proto_heartbeat_warn(heartbeat, decoder.arena, "route",
		                     json_string_value(json_object_get(item->value, "prefix")),
		                     decoder.dropped);
	return false;
}

static void read_routes(const struct json_at *at, struct heartbeat *ret)
{
	struct json_at list = json_member(at, "routes");
	size_t n = json_count(&list, LIMIT_ROUTES), kept = 0;
	struct route *items = json_alloc(at->decoder, n, sizeof(*items));

	for (size_t i = 0; items && i < n; i++) {
		struct json_at item = json_item(&list, i);

		kept += read_route(&item, ret, &items[kept]);
	}
	ret->routes = (struct route_list){.items = items, .count = kept};
}

/* Ours. A number that does not parse is the same as none. */
static uint64_t read_instance(const struct json_at *at)
{
	struct json_at member = json_member(at, "instance");
	const char *text = json_string_value(member.value);
	size_t len = text ? strlen(text) : 0;

	if (len == 0 || len > INSTANCE_DIGITS || strspn(text, "0123456789abcdef") != len)
		return 0;
	return strtoull(text, NULL, 16);
}

int proto_heartbeat_decode(const json_t *json, struct ls_arena *arena, struct heartbeat *ret,
                           struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct heartbeat heartbeat = {
	        .node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN),
	        .listen_port = (uint16_t)json_read_u64_or(&root, "listen_port", UINT16_MAX, 0),
	        .probe = json_read_bool_or(&root, "probe", false),
	        .instance = read_instance(&root),
	};

	read_endpoints(&root, &heartbeat);
	read_routes(&root, &heartbeat);
	if (decoder.code == 0)
		*ret = heartbeat;
	return decoder.code;
}

struct string_list proto_answer_warnings(const json_t *json, struct ls_arena *arena)
{
	struct json_decoder decoder = {.arena = arena, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");

	return json_read_strings(&root, "warnings", LIMIT_READ, LIMIT_TEXT_LEN);
}

json_t *proto_heartbeat_encode(const struct heartbeat *heartbeat)
{
	char instance[INSTANCE_DIGITS + 1];
	struct json_writer w = json_begin();

	json_put_string(&w, "node_id", heartbeat->node_id);
	json_put_strings(&w, "endpoints", heartbeat->endpoints);
	if (heartbeat->listen_port)
		json_put_u64(&w, "listen_port", heartbeat->listen_port);
	else
		json_put(&w, "listen_port", json_null());
	json_put(&w, "routes", proto_route_list_encode(&heartbeat->routes));
	if (heartbeat->probe)
		json_put_bool(&w, "probe", true);
	else
		json_put(&w, "probe", json_null());
	if (heartbeat->instance) {
		(void)snprintf(instance, sizeof(instance), "%" PRIx64, heartbeat->instance);
		json_put_string(&w, "instance", instance);
	}
	return json_finish(&w);
}

/* What makes two items of a list the same: the text, or the route's prefix. */
static const char *key_of(const json_t *item)
{
	const char *text = json_string_value(item);

	return text ? text : json_string_value(json_object_get(item, "prefix"));
}

static bool has(const json_t *list, const char *key)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *other = key_of(item);

		if (key && other && ls_streq(key, other))
			return true;
	}
	return false;
}

static bool prepend(json_t *heartbeat, const json_t *first, const char *name, size_t max)
{
	const json_t *const parts[] = {json_object_get(first, name),
	                               json_object_get(heartbeat, name)};
	json_t *list = json_array(), *item;
	bool good = list != NULL;
	size_t i;

	for (size_t part = 0; part < 2; part++) {
		json_array_foreach(parts[part], i, item)
		{
			if (json_array_size(list) < max && !has(list, key_of(item)))
				good = good && json_append(list, json_incref(item));
		}
	}
	return json_object_set_new(heartbeat, name, list) == 0 && good;
}

bool proto_heartbeat_prepend(json_t *heartbeat, const json_t *first)
{
	return prepend(heartbeat, first, "endpoints", LIMIT_ENDPOINTS) &&
	       prepend(heartbeat, first, "routes", LIMIT_ROUTES);
}

int proto_heartbeat_answer_decode(const json_t *json, struct netmap **ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.fail = fail};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at netmap = json_member(&root, "netmap");

	if (decoder.code < 0)
		return decoder.code;
	return proto_netmap_decode(netmap.value, ret, fail);
}
