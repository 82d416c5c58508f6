/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/heartbeat.h"

#include "base/str.h"
#include "proto/limits.h"
#include "proto/names.h"
#include "json/json.h"

static struct string_list read_endpoints(const struct json_at *at)
{
	struct json_at member = json_member(at, "endpoints");
	struct string_list list =
	        json_read_strings(at, "endpoints", LIMIT_ENDPOINTS, LIMIT_HOST_PORT_LEN);
	struct ls_fail why;

	for (size_t i = 0; i < list.count; i++) {
		struct json_at item = json_item(&member, i);
		int r = proto_name_check_announced(list.items[i], "endpoint", &why);

		if (r < 0)
			json_fail(&item, r, "%s", why.text);
	}
	return list;
}

int proto_heartbeat_decode(const json_t *json, struct ls_arena *arena, struct heartbeat *ret,
                           struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct heartbeat heartbeat = {
	        .node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN),
	        .endpoints = read_endpoints(&root),
	        .listen_port = (uint16_t)json_read_u64_or(&root, "listen_port", UINT16_MAX, 0),
	        .routes = proto_route_list_read(&root, "routes"),
	        .probe = json_read_bool_or(&root, "probe", false),
	};

	if (decoder.code == 0)
		*ret = heartbeat;
	return decoder.code;
}

json_t *proto_heartbeat_encode(const struct heartbeat *heartbeat)
{
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
