/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about the server: the audit log, the topology, errors. Decoded strings live in `arena`;
 * encoders return a new reference, NULL when out of memory. */
#ifndef LS_PROTO_SERVER_REPORT_H
#define LS_PROTO_SERVER_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"

struct audit_entry {
	const char *id;
	int64_t timestamp;
	const char *network_id; /* NULL: none */
	const char *node_id;    /* NULL: none */
	const char *action;
	/* A sentence, or a compact JSON object; NULL: null. v1 servers send objects, and so does
	 * ours; entries that ours made before have sentences. */
	const char *detail;
	/* Who made the change. All NULL when the server has not recorded it. */
	const char *actor;    /* "admin", "node", .. */
	const char *actor_id; /* id of the node or token; NULL: the actor has none */
	const char *source;   /* address; NULL: none */
};

struct audit_log {
	const struct audit_entry *entries; /* oldest first */
	size_t entry_count;
};

/* GET /v1/audit */
int proto_audit_log_decode(const json_t *json, struct ls_arena *arena, struct audit_log *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
/* The detail as JSON: an object (or array), a string or null. A new reference; NULL when out of
 * memory. */
json_t *proto_audit_detail_json(const struct audit_entry *entry);
json_t *proto_audit_entry_encode(const struct audit_entry *entry);
json_t *proto_audit_log_encode(const struct audit_log *log);

struct mesh_peer {
	const char *id;
	const char *addr;
};

/* GET /v1/admin/topology */
struct topology {
	struct string_list control_urls;
	const char *mesh_server_id; /* NULL: none */
	const struct mesh_peer *mesh_peers;
	size_t mesh_peer_count;
	int64_t generated_at;
};

json_t *proto_topology_encode(const struct topology *topology);

/* The body of every error: `{"error": "<text>"}`. The text lives as long as `json`; NULL when
 * `json` is NULL or is not the protocol's error. */
const char *proto_error_body_text(const json_t *json);
json_t *proto_error_body_encode(const char *text);

#endif
