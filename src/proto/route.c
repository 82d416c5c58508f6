/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "proto/limits.h"
#include "proto/netmap.h"

static const char *const kind_names[] = {
        [ROUTE_SUBNET] = "subnet",
        [ROUTE_EXIT] = "exit",
};

static const char *kind_name(enum route_kind kind)
{
	return kind_names[kind];
}

/* Handles an unusable value: a strict decoder fails, a lenient one drops the route. Returns
 * false. */
static bool unusable(const struct json_at *at, const char *why)
{
	if (!at->decoder->lenient)
		json_fail(at, LS_ERROR_BAD_VALUE, "%s", why);
	at->decoder->dropped = why;
	return false;
}

static bool read_kind(const struct json_at *at, enum route_kind *ret)
{
	struct json_at member = json_member(at, "kind");
	const char *s = json_read_string(at, "kind", LIMIT_READ_LEN);

	if (!s)
		return false;
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (ls_streq(s, kind_names[i])) {
			*ret = (enum route_kind)i;
			return true;
		}
	}
	return unusable(&member, "neither \"subnet\" nor \"exit\"");
}

static bool read_prefix(const struct json_at *at, const char *name, struct ls_prefix *ret)
{
	struct json_at member = json_member(at, name);
	const char *s = json_read_string(at, name, LIMIT_READ_LEN);

	if (!s)
		return false;
	/* v1 clients send what the user typed: "192.168.1.7/24" means 192.168.1.0/24. */
	return ls_prefix_parse_network(s, ret) == 0 || unusable(&member, "not an IP prefix");
}

bool proto_route_read(const struct json_at *at, struct route *ret)
{
	struct json_at mapped = json_member(at, "mapped_prefix");

	*ret = (struct route){.enabled = json_read_bool_or(at, "enabled", true),
	                      .has_mapped = json_present(&mapped)};
	if (!read_kind(at, &ret->kind) || !read_prefix(at, "prefix", &ret->prefix))
		return false;
	if (ret->kind == ROUTE_EXIT && ret->prefix.bits != 0)
		return unusable(at, "an exit route is 0.0.0.0/0 or ::/0");
	if (ret->kind == ROUTE_SUBNET && ret->prefix.bits == 0)
		return unusable(at, "a default route must be of kind \"exit\" (--exit-node)");
	if (!ret->has_mapped)
		return true;
	if (!read_prefix(at, "mapped_prefix", &ret->mapped_prefix))
		return false;
	if (ret->kind == ROUTE_EXIT)
		return unusable(&mapped, "an exit route cannot be mapped");
	if (ret->mapped_prefix.ip.family != ret->prefix.ip.family ||
	    ret->mapped_prefix.bits != ret->prefix.bits)
		return unusable(&mapped, "not of the same family and length as the prefix");
	return true;
}

struct route_list proto_route_list_read(const struct json_at *at, const char *name)
{
	struct json_at list = json_member(at, name);
	size_t n = json_count(&list, at->decoder->lenient ? LIMIT_READ : LIMIT_ROUTES);
	struct route *items = json_alloc(at->decoder, n, sizeof(*items));
	size_t kept = 0;

	if (!items)
		return (struct route_list){0};
	for (size_t i = 0; i < n; i++) {
		struct json_at item = json_item(&list, i);

		if (proto_route_read(&item, &items[kept]))
			kept++;
		if (at->decoder->code < 0)
			return (struct route_list){0};
	}
	return (struct route_list){.items = items, .count = kept};
}

static json_t *encode_route(const struct route *route)
{
	struct json_writer w = json_begin();

	json_put_prefix(&w, "prefix", &route->prefix);
	json_put_string(&w, "kind", kind_name(route->kind));
	json_put_bool(&w, "enabled", route->enabled);
	if (route->has_mapped)
		json_put_prefix(&w, "mapped_prefix", &route->mapped_prefix);
	else
		json_put(&w, "mapped_prefix", json_null());
	return json_finish(&w);
}

json_t *proto_route_list_encode(const struct route_list *routes)
{
	json_t *array = json_array();

	for (size_t i = 0; i < routes->count; i++) {
		if (!json_append(array, encode_route(&routes->items[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
