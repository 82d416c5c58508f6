/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/server_report.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "proto/limits.h"
#include "json/json.h"

/* Any JSON is a detail: a string is kept as it is, anything else as compact JSON. */
static const char *read_detail(const struct json_at *at)
{
	struct json_at member = json_member(at, "detail");
	const char *copy = NULL;
	char *text;

	if (!json_present(&member) || json_is_string(member.value))
		return json_read_string_or(at, "detail", LIMIT_TEXT_LEN, NULL);
	text = json_text(member.value, NULL);
	if (text) {
		ls_str_mask_control(text);
		copy = ls_arena_strdup(at->decoder->arena, text);
	}
	free(text);
	if (!copy)
		json_fail(&member, LS_ERROR_LIMIT, "too large");
	return copy;
}

static void read_audit_entry(const struct json_at *at, struct audit_entry *ret)
{
	*ret = (struct audit_entry){
	        .id = json_read_string(at, "id", LIMIT_ID_LEN),
	        .timestamp = json_read_time(at, "timestamp"),
	        .network_id = json_read_string_or(at, "network_id", LIMIT_ID_LEN, NULL),
	        .node_id = json_read_string_or(at, "node_id", LIMIT_ID_LEN, NULL),
	        .action = json_read_text(at, "action", LIMIT_READ_LEN),
	        .detail = read_detail(at),
	        .actor = json_read_string_or(at, "actor", LIMIT_READ_LEN, NULL),
	        .actor_id = json_read_string_or(at, "actor_id", LIMIT_READ_LEN, NULL),
	        .source = json_read_string_or(at, "source", LIMIT_READ_LEN, NULL),
	};
}

int proto_audit_log_decode(const json_t *json, struct ls_arena *arena, struct audit_log *ret,
                           struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at list = json_member(&root, "entries");
	size_t n = json_count(&list, LIMIT_LISTED);
	struct audit_entry *items = json_alloc(&decoder, n, sizeof(*items));

	for (size_t i = 0; items && i < n && decoder.code == 0; i++) {
		struct json_at item = json_item(&list, i);

		read_audit_entry(&item, &items[i]);
	}
	if (decoder.code == 0)
		*ret = (struct audit_log){.entries = items, .entry_count = n};
	return decoder.code;
}

json_t *proto_audit_detail_json(const struct audit_entry *entry)
{
	json_t *json = NULL;

	if (!entry->detail)
		return json_null();
	if (entry->detail[0] == '{' || entry->detail[0] == '[')
		json = json_loads(entry->detail, 0, NULL);
	return json ? json : json_string(entry->detail);
}

json_t *proto_audit_entry_encode(const struct audit_entry *entry)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "id", entry->id);
	json_put_time(&w, "timestamp", entry->timestamp);
	json_put_string(&w, "network_id", entry->network_id);
	json_put_string(&w, "node_id", entry->node_id);
	json_put_string(&w, "action", entry->action);
	json_put(&w, "detail", proto_audit_detail_json(entry));
	json_put_string(&w, "actor", entry->actor);
	json_put_string(&w, "actor_id", entry->actor_id);
	json_put_string(&w, "source", entry->source);
	return json_finish(&w);
}

json_t *proto_audit_log_encode(const struct audit_log *log)
{
	struct json_writer w = json_begin();
	json_t *array = json_array();

	for (size_t i = 0; i < log->entry_count; i++)
		w.failed |= !json_append(array, proto_audit_entry_encode(&log->entries[i]));
	json_put(&w, "entries", array);
	return json_finish(&w);
}

static json_t *encode_mesh_peer(const struct mesh_peer *peer)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "id", peer->id);
	json_put_string(&w, "addr", peer->addr);
	return json_finish(&w);
}

json_t *proto_topology_encode(const struct topology *topology)
{
	struct json_writer w = json_begin();
	json_t *array = json_array();

	for (size_t i = 0; i < topology->mesh_peer_count; i++)
		w.failed |= !json_append(array, encode_mesh_peer(&topology->mesh_peers[i]));
	json_put_strings(&w, "control_urls", topology->control_urls);
	json_put_string(&w, "mesh_server_id", topology->mesh_server_id);
	json_put(&w, "mesh_peers", array);
	json_put_time(&w, "generated_at", topology->generated_at);
	return json_finish(&w);
}

const char *proto_error_body_text(const json_t *json)
{
	return json_string_value(json_object_get(json, "error"));
}

json_t *proto_error_body_encode(const char *text)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "error", text);
	return json_finish(&w);
}
