/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/node_admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "proto/limits.h"
#include "proto/registration.h"
#include "proto/token.h"
#include "json/json.h"

static const char *const key_type_names[] = {
        [KEY_TYPE_MACHINE] = "machine",
        [KEY_TYPE_WIREGUARD] = "wire_guard",
};

static int by_id(const void *a, const void *b)
{
	const struct node_info *x = a, *y = b;

	return strcmp(x->peer.id, y->peer.id);
}

int proto_node_list_decode(const json_t *json, struct ls_arena *arena, struct node_list *ret,
                           struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at list = json_member(&root, "nodes");
	size_t n = json_count(&list, LIMIT_LISTED);
	struct node_info *items = json_alloc(&decoder, n, sizeof(*items));

	for (size_t i = 0; items && i < n && decoder.code == 0; i++) {
		struct json_at item = json_item(&list, i);

		proto_node_info_read(&item, &items[i]);
	}
	if (decoder.code < 0)
		return decoder.code;
	if (items)
		qsort(items, n, sizeof(*items), by_id);
	*ret = (struct node_list){.items = items, .count = n};
	return 0;
}

json_t *proto_node_list_encode(const struct node_list *list)
{
	struct json_writer w = json_begin();
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		w.failed |= !json_append(array, proto_node_info_encode(&list->items[i]));
	json_put(&w, "nodes", array);
	return json_finish(&w);
}

int proto_node_update_decode(const json_t *json, struct ls_arena *arena, struct node_update *ret,
                             struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct json_at name = json_member(&root, "name"), tags = json_member(&root, "tags");
	struct node_update update = {
	        .name = json_present(&name) ? proto_node_name_read(&root, "name") : NULL,
	        .has_tags = json_present(&tags),
	        .tags = proto_tags_read(&root, "tags"),
	};

	if (!json_present(&name) && !json_present(&tags))
		json_fail(&root, LS_ERROR_BAD_VALUE, "neither name nor tags given");
	if (decoder.code == 0)
		*ret = update;
	return decoder.code;
}

json_t *proto_node_update_encode(const struct node_update *update)
{
	struct json_writer w = json_begin();

	if (update->name)
		json_put_string(&w, "name", update->name);
	if (update->has_tags)
		json_put_strings(&w, "tags", update->tags);
	return json_finish(&w);
}

int proto_node_answer_decode(const json_t *json, struct ls_arena *arena, struct node_info *ret,
                             struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at member = json_member(&root, "node");
	struct node_info node;

	proto_node_info_read(&member, &node);
	if (decoder.code == 0)
		*ret = node;
	return decoder.code;
}

json_t *proto_node_answer_encode(const struct node_info *node)
{
	struct json_writer w = json_begin();

	json_put(&w, "node", proto_node_info_encode(node));
	return json_finish(&w);
}

static void read_rotation(const struct json_at *at, struct key_rotation *ret)
{
	struct json_at machine = json_member(at, "machine_public_key");
	struct json_at wg = json_member(at, "wg_public_key");

	*ret = (struct key_rotation){.has_machine = json_present(&machine),
	                             .has_wg = json_present(&wg)};
	if (ret->has_machine)
		proto_public_key_read(at, "machine_public_key", ret->machine_public_key.b);
	if (ret->has_wg)
		proto_public_key_read(at, "wg_public_key", ret->wg_public_key.b);
	if (!ret->has_machine && !ret->has_wg)
		json_fail(at, LS_ERROR_BAD_VALUE,
		          "neither machine_public_key nor wg_public_key given");
}

int proto_key_rotation_decode(const json_t *json, struct key_rotation *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct key_rotation rotation;

	read_rotation(&root, &rotation);
	if (decoder.code == 0)
		*ret = rotation;
	return decoder.code;
}

json_t *proto_key_rotation_encode(const struct key_rotation *rotation)
{
	struct json_writer w = json_begin();

	if (rotation->node_id)
		json_put_string(&w, "node_id", rotation->node_id);
	if (rotation->has_machine)
		json_put_key(&w, "machine_public_key", rotation->machine_public_key.b);
	if (rotation->has_wg)
		json_put_key(&w, "wg_public_key", rotation->wg_public_key.b);
	return json_finish(&w);
}

int proto_key_rotation_answer_decode(const json_t *json, struct ls_arena *arena,
                                     struct key_rotation *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct key_rotation rotation;

	read_rotation(&root, &rotation);
	rotation.node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN);
	if (decoder.code == 0)
		*ret = rotation;
	return decoder.code;
}

const char *proto_key_type_name(enum key_type type)
{
	return key_type_names[type];
}

static void read_key_record(const struct json_at *at, struct key_record *ret)
{
	struct json_at member = json_member(at, "key_type");
	const char *type = json_read_string(at, "key_type", LIMIT_READ_LEN);

	ret->created_at = json_read_time(at, "created_at");
	ret->revoked_at = json_read_time_or(at, "revoked_at", 0);
	json_read_key(at, "public_key", ret->public_key);
	ret->key_type = KEY_TYPE_MACHINE;
	if (ls_streq(type, key_type_names[KEY_TYPE_WIREGUARD]))
		ret->key_type = KEY_TYPE_WIREGUARD;
	else if (!ls_streq(type, key_type_names[KEY_TYPE_MACHINE]))
		json_fail(&member, LS_ERROR_BAD_VALUE, "neither \"machine\" nor \"wire_guard\"");
}

int proto_key_history_decode(const json_t *json, struct ls_arena *arena, struct key_history *ret,
                             struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at list = json_member(&root, "keys");
	const char *node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN);
	size_t n = json_count(&list, LIMIT_LISTED);
	struct key_record *items = json_alloc(&decoder, n, sizeof(*items));

	for (size_t i = 0; items && i < n && decoder.code == 0; i++) {
		struct json_at item = json_item(&list, i);

		read_key_record(&item, &items[i]);
	}
	if (decoder.code == 0)
		*ret = (struct key_history){.node_id = node_id, .keys = items, .key_count = n};
	return decoder.code;
}

json_t *proto_key_record_encode(const struct key_record *record)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "key_type", proto_key_type_name(record->key_type));
	json_put_key(&w, "public_key", record->public_key);
	json_put_time(&w, "created_at", record->created_at);
	json_put_time_or_null(&w, "revoked_at", record->revoked_at);
	return json_finish(&w);
}

json_t *proto_key_history_encode(const struct key_history *history)
{
	struct json_writer w = json_begin();
	json_t *array = json_array();

	for (size_t i = 0; i < history->key_count; i++)
		w.failed |= !json_append(array, proto_key_record_encode(&history->keys[i]));
	json_put_string(&w, "node_id", history->node_id);
	json_put(&w, "keys", array);
	return json_finish(&w);
}

int proto_node_removal_decode(const json_t *json, struct ls_arena *arena, struct node_removal *ret,
                              struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct node_removal removal = {
	        .node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN),
	        .revoked_at = json_read_time_or(&root, "revoked_at", 0),
	};

	proto_network_rules_read(&root, &removal.given);
	if (decoder.code == 0)
		*ret = removal;
	return decoder.code;
}

json_t *proto_node_removal_encode(const struct node_removal *removal)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "node_id", removal->node_id);
	if (removal->revoked_at)
		json_put_time(&w, "revoked_at", removal->revoked_at);
	proto_network_rules_put(&w, &removal->given);
	return json_finish(&w);
}
