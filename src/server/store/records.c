/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/records.h"

#include <stdlib.h>
#include <string.h>

/* Copies what a record points to behind the struct itself. The same code packs each record twice:
 * first with base == NULL, to count the bytes, then into memory of that size. */
struct packer {
	char *base;
	size_t used;
};

static void *take(struct packer *p, size_t size, size_t align)
{
	size_t at = (p->used + align - 1) & ~(align - 1);

	p->used = at + size;
	return p->base ? p->base + at : NULL;
}

static void pack_string(struct packer *p, const char **s)
{
	size_t len = *s ? strlen(*s) + 1 : 0;
	char *copy = *s ? take(p, len, 1) : NULL;

	if (!copy)
		return;
	memcpy(copy, *s, len);
	*s = copy;
}

static void pack_strings(struct packer *p, struct string_list *list)
{
	const char **items = take(p, list->count * sizeof(*items), sizeof(void *));

	for (size_t i = 0; i < list->count; i++) {
		const char *s = list->items[i];

		pack_string(p, &s);
		if (items)
			items[i] = s;
	}
	if (items)
		list->items = items;
}

static void pack_routes(struct packer *p, struct route_list *list)
{
	size_t size = list->count * sizeof(list->items[0]);
	struct route *items = take(p, size, sizeof(void *));

	if (!items)
		return;
	if (size > 0)
		memcpy(items, list->items, size);
	list->items = items;
}

static void pack_network(struct packer *p, struct network_record *record)
{
	pack_string(p, &record->info.id);
	pack_string(p, &record->info.name);
	pack_string(p, &record->info.dns_domain);
	pack_string(p, &record->acl_json);
}

static void pack_node(struct packer *p, struct node_record *record)
{
	struct peer_info *peer = &record->info.peer;

	pack_string(p, &peer->id);
	pack_string(p, &peer->name);
	pack_string(p, &peer->dns_name);
	pack_strings(p, &peer->endpoints);
	pack_strings(p, &peer->tags);
	pack_routes(p, &peer->routes);
	pack_string(p, &record->info.owner_user_id);
	pack_string(p, &record->info.owner_email);
	pack_string(p, &record->network_id);
}

static void pack_token(struct packer *p, struct token_record *record)
{
	pack_string(p, &record->id);
	pack_string(p, &record->network_id);
	pack_strings(p, &record->tags);
	pack_string(p, &record->owner_user_id);
	pack_string(p, &record->owner_email);
}

/* One function for each record type. */
#define DEFINE_RECORD_NEW(type, pack)                                                              \
	struct type *store_##type##_new(const struct type *from)                                   \
	{                                                                                          \
		struct type copy = *from;                                                          \
		struct packer p = {.used = sizeof(copy)};                                          \
		struct type *made;                                                                 \
                                                                                                   \
		pack(&p, &copy);                                                                   \
		made = malloc(p.used);                                                             \
		if (!made)                                                                         \
			return NULL;                                                               \
		p = (struct packer){.base = (char *)made, .used = sizeof(copy)};                   \
		copy = *from;                                                                      \
		pack(&p, &copy);                                                                   \
		*made = copy;                                                                      \
		return made;                                                                       \
	}

DEFINE_RECORD_NEW(network_record, pack_network)
DEFINE_RECORD_NEW(node_record, pack_node)
DEFINE_RECORD_NEW(token_record, pack_token)
