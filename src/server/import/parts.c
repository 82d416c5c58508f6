/* SPDX-License-Identifier: Apache-2.0 */
#include "server/import/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"
#include "proto/acl.h"
#include "proto/limits.h"
#include "proto/names.h"
#include "server/state/index.h"
#include "server/state/secrets.h"
#include "json/json.h"

enum {
	OVERLAY_V4_BITS_MAX = 30, /* as for POST /v1/networks */
	OVERLAY_V6_BITS_MAX = 126,
	RENAMES_MAX = 100000,
};

/* One part of the state, while it is read. */
struct part {
	struct import_draft *draft;
	const char *what; /* "node" */
	const char *id;
	struct ls_fail fail;
	struct json_decoder decoder;
	struct json_at at;
};

static void begin(struct part *part, struct import_draft *draft, const char *what, const char *id,
                  const json_t *json)
{
	*part = (struct part){.draft = draft, .what = what, .id = id};
	part->decoder =
	        (struct json_decoder){.arena = draft->arena, .fail = &part->fail, .lenient = true};
	part->at = json_root(&part->decoder, json, what);
}

/* False, and a problem is reported, when something did not decode. */
static bool good(struct part *part)
{
	if (part->decoder.code == 0)
		return true;
	import_problem(part->draft, "%s %s: %s", part->what, part->id, part->fail.text);
	return false;
}

static bool problem(struct part *part, const char *why)
{
	import_problem(part->draft, "%s %s: %s", part->what, part->id, why);
	return false;
}

/* Says that host bits were cleared. */
static void note_host_bits(struct part *part, const char *name, const struct ls_prefix *prefix)
{
	const char *text = json_string_value(json_object_get(part->at.value, name));
	char canonical[LS_PREFIX_TEXT];
	struct ls_prefix given;

	if (text && ls_prefix_parse(text, &given) < 0)
		import_note(part->draft, "%s %s: %s %s becomes %s", part->what, part->id, name,
		            text, ls_prefix_format(prefix, canonical));
}

/* --- networks --- */

static void read_key_policy(struct part *part, struct network_info *info)
{
	struct json_at policy = json_member(&part->at, "key_policy");
	struct json_at age = {0};

	if (!json_present(&policy))
		return;
	age = json_member(&policy, "max_age_seconds");
	info->has_key_max_age = json_present(&age);
	info->key_rotation_max_age_seconds =
	        json_read_u64_or(&policy, "max_age_seconds", INT64_MAX, 0);
	if (!info->has_key_max_age || info->key_rotation_max_age_seconds > 0)
		return;
	info->has_key_max_age = false;
	import_note(part->draft, "network %s: a key age of 0 becomes none", part->id);
}

/* The policy as our store keeps it. */
static const char *read_acl(struct part *part)
{
	const json_t *given = json_object_get(part->at.value, "acl");
	struct acl_policy policy = {0};
	struct ls_fail why;
	LS_FREE char *text = NULL;
	json_t *json;
	char *copy;

	if (given && !json_is_null(given) &&
	    proto_acl_policy_decode(given, part->draft->arena, &policy, &why) < 0) {
		(void)problem(part, why.text);
		return NULL;
	}
	/* A v1 server asks what a policy says of viewer -> peer, and of nothing else. */
	if (policy.rule_count > 0)
		policy.sight = ACL_SIGHT_ONE_WAY;
	json = proto_acl_policy_encode(&policy);
	text = json ? json_text(json, NULL) : NULL;
	json_decref(json);
	copy = text ? ls_arena_strdup(part->draft->arena, text) : NULL;
	part->draft->no_memory |= !copy;
	return copy;
}

static bool check_network(struct part *part, const struct network_info *info)
{
	struct ls_fail why;

	if (!ls_streq(info->id, part->id))
		return problem(part, "its key is not its id");
	if (info->overlay_v4.bits > OVERLAY_V4_BITS_MAX ||
	    info->overlay_v6.bits > OVERLAY_V6_BITS_MAX)
		return problem(part, "an overlay has no room for nodes");
	if (proto_name_check_domain(info->dns_domain, "dns_domain", &why) < 0)
		return problem(part, why.text);
	return true;
}

const struct network_record *import_read_network(struct import_draft *draft, const char *key,
                                                 const json_t *json)
{
	struct network_record *record = import_alloc(draft, 1, sizeof(*record));
	struct network_info *info = record ? &record->info : NULL;
	struct part part;

	if (!record)
		return NULL;
	begin(&part, draft, "network", key, json);
	info->id = json_read_string(&part.at, "id", LIMIT_ID_LEN);
	info->name = json_read_text(&part.at, "name", LIMIT_READ_LEN);
	info->dns_domain = json_read_string(&part.at, "dns_domain", LIMIT_READ_LEN);
	info->requires_approval = json_read_bool_or(&part.at, "requires_approval", false);
	json_read_prefix(&part.at, "overlay_v4", LS_FAMILY_V4, &info->overlay_v4);
	json_read_prefix(&part.at, "overlay_v6", LS_FAMILY_V6, &info->overlay_v6);
	record->created_at = json_read_time_or(&part.at, "created_at", draft->now);
	record->revision = draft->revision;
	read_key_policy(&part, info);
	if (!good(&part) || !check_network(&part, info))
		return NULL;
	note_host_bits(&part, "overlay_v4", &info->overlay_v4);
	note_host_bits(&part, "overlay_v6", &info->overlay_v6);
	record->acl_json = read_acl(&part);
	if (!record->acl_json)
		return NULL;
	import_add(draft, &(struct store_op){.kind = STORE_NETWORK_PUT, .network = record});
	draft->networks++;
	return record;
}

/* --- nodes --- */

static void read_endpoints(struct part *part, struct string_list *ret)
{
	struct string_list given =
	        json_read_strings(&part->at, "endpoints", LIMIT_READ, LIMIT_READ_LEN);
	const char **items = import_alloc(part->draft, given.count, sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; items && i < given.count; i++) {
		struct ls_fail why;

		if (n < LIMIT_ENDPOINTS &&
		    proto_name_check_announced(given.items[i], "it", &why) == 0)
			items[n++] = given.items[i];
		else
			import_note(part->draft, "node %s: endpoint %s is left out", part->id,
			            given.items[i]);
	}
	*ret = (struct string_list){.items = items, .count = n};
}

static void read_routes(struct part *part, struct route_list *ret)
{
	struct json_at list = json_member(&part->at, "routes");
	size_t n = json_count(&list, LIMIT_READ), kept = 0;
	struct route *items = import_alloc(part->draft, n, sizeof(*items));

	for (size_t i = 0; items && i < n; i++) {
		struct json_at item = json_item(&list, i);
		const char *text = json_string_value(json_object_get(item.value, "prefix"));
		char canonical[LS_PREFIX_TEXT];
		struct ls_prefix given;

		if (kept >= LIMIT_ROUTES || !proto_route_read(&item, &items[kept])) {
			import_note(part->draft, "node %s: route %s is left out", part->id,
			            text ? text : "without a prefix");
			continue;
		}
		if (text && ls_prefix_parse(text, &given) < 0)
			import_note(part->draft, "node %s: route %s becomes %s", part->id, text,
			            ls_prefix_format(&items[kept].prefix, canonical));
		kept++;
	}
	*ret = (struct route_list){.items = items, .count = kept};
}

static bool is_taken(const struct import_network *network, const char *name)
{
	char folded[LIMIT_NODE_NAME_LEN + 1];

	state_name_fold(name, folded);
	return ls_map_get(network->names, folded, strlen(folded)) != NULL;
}

/* The node's name as a label that no other node of the network has, unless this one is revoked. */
static const char *pick_name(struct part *part, const struct import_network *network,
                             const char *given, bool revoked)
{
	char *name = import_alloc(part->draft, LIMIT_NODE_NAME_LEN + 1, 1);
	char base[LIMIT_NODE_NAME_LEN + 1];
	struct ls_fail why;

	if (!name)
		return "";
	if (proto_name_check_label(given, "it", &why) == 0)
		(void)snprintf(base, sizeof(base), "%s", given);
	else if (!proto_name_from_host(given, base))
		(void)snprintf(base, sizeof(base), "node-%.8s", part->id);
	(void)snprintf(name, sizeof(base), "%s", base);
	for (unsigned n = 2; !revoked && is_taken(network, name) && n < RENAMES_MAX; n++) {
		char suffix[12];
		int len = snprintf(suffix, sizeof(suffix), "-%u", n);

		(void)snprintf(name, sizeof(base), "%.*s%s", LIMIT_NODE_NAME_LEN - len, base,
		               suffix);
	}
	if (!ls_streq(name, given))
		import_note(part->draft, "node %s: its name \"%s\" becomes %s", part->id, given,
		            name);
	return name;
}

static const char *name_in_dns(struct part *part, const struct import_network *network,
                               const char *name)
{
	char *text = import_alloc(part->draft, LIMIT_DNS_NAME_LEN + 1, 1);
	char folded[LIMIT_NODE_NAME_LEN + 1];

	state_name_fold(name, folded);
	if (text)
		(void)snprintf(text, LIMIT_DNS_NAME_LEN + 1, "%s.%s", folded,
		               network->record->info.dns_domain);
	return text ? text : "";
}

/* Both secrets are texts of the state; the records have their hashes. */
static void read_secrets(struct part *part, struct node_record *record)
{
	const char *token = json_read_string_or(&part->at, "node_token", LIMIT_READ_LEN, NULL);
	const char *secret = json_read_string_or(&part->at, "auth_secret", LIMIT_READ_LEN, NULL);
	char random[SECRET_TEXT];

	if (part->decoder.code < 0)
		return;
	if (!token) {
		state_secret_generate(random);
		token = random;
		import_note(part->draft,
		            "node %s: it has no token, so only an admin can ask for it", part->id);
	}
	state_secret_hash(token, &record->token_hash);
	state_secret_wipe(random, sizeof(random));
	record->has_approval_secret = secret != NULL;
	if (secret)
		state_secret_hash(secret, &record->approval_hash);
	record->approval_expires_at = json_read_time_or(&part->at, "auth_expires_at", 0);
}

static void read_record(struct part *part, struct node_record *record)
{
	struct node_info *info = &record->info;
	struct peer_info *peer = &info->peer;

	peer->id = json_read_string(&part->at, "id", LIMIT_ID_LEN);
	peer->name = json_read_text(&part->at, "name", LIMIT_READ_LEN);
	json_read_ip(&part->at, "ipv4", LS_FAMILY_V4, &peer->ipv4);
	json_read_ip(&part->at, "ipv6", LS_FAMILY_V6, &peer->ipv6);
	json_read_key(&part->at, "wg_public_key", peer->wg_public_key.b);
	json_read_key(&part->at, "machine_public_key", info->machine_public_key.b);
	peer->tags = json_read_strings(&part->at, "tags", LIMIT_READ, LIMIT_READ_LEN);
	peer->last_seen = json_read_time_or(&part->at, "last_seen", 0);
	info->owner_user_id = json_read_string_or(&part->at, "owner_user_id", LIMIT_READ_LEN, NULL);
	info->owner_email = json_read_string_or(&part->at, "owner_email", LIMIT_READ_LEN, NULL);
	info->owner_is_admin = json_read_bool_or(&part->at, "owner_is_admin", false);
	info->approved = json_read_bool_or(&part->at, "approved", true);
	record->created_at = json_read_time_or(&part->at, "created_at", part->draft->now);
	record->approved_at = json_read_time_or(&part->at, "approved_at", 0);
	/* Of ours, 0 means that the node was never approved. */
	if (info->approved && record->approved_at == 0)
		record->approved_at = record->created_at;
	record->revoked_at = json_read_time_or(&part->at, "revoked_at", 0);
	info->revoked = record->revoked_at != 0;
	record->wg_key_since = record->machine_key_since = record->created_at;
	read_endpoints(part, &peer->endpoints);
	read_routes(part, &peer->routes);
	read_secrets(part, record);
}

static bool check_node(struct part *part, const struct import_network *network,
                       const struct node_record *record)
{
	const struct peer_info *peer = &record->info.peer;
	const struct network_info *info = &network->record->info;

	if (!ls_streq(peer->id, part->id))
		return problem(part, "its key is not its id");
	if (key_is_zero(peer->wg_public_key.b))
		return problem(part, "its wg_public_key is no key");
	if (key_is_zero(record->info.machine_public_key.b))
		return problem(part, "its machine_public_key is no key");
	if (!ls_prefix_contains(&info->overlay_v4, &peer->ipv4) ||
	    !ls_prefix_contains(&info->overlay_v6, &peer->ipv6))
		return problem(part, "it has an address outside the overlay of its network");
	return true;
}

/* Adds a record of the history, and notes since when the node has a current key. */
static void read_key_record(struct part *part, const struct json_at *at, struct node_record *record,
                            bool has_current[2])
{
	const char *kind = json_string_value(json_object_get(at->value, "key_type"));
	const bool is_wg = ls_streq(kind, proto_key_type_name(KEY_TYPE_WIREGUARD));
	struct store_op op = {
	        .kind = STORE_KEY_ADD,
	        .id = record->info.peer.id,
	        .key = {.key_type = is_wg ? KEY_TYPE_WIREGUARD : KEY_TYPE_MACHINE,
	                .created_at = json_read_time_or(at, "created_at", record->created_at),
	                .revoked_at = json_read_time_or(at, "revoked_at", 0)}};
	const uint8_t *current =
	        is_wg ? record->info.peer.wg_public_key.b : record->info.machine_public_key.b;

	json_read_key(at, "public_key", op.key.public_key);
	if (part->decoder.code < 0)
		return;
	if ((!is_wg && !ls_streq(kind, proto_key_type_name(KEY_TYPE_MACHINE))) ||
	    key_is_zero(op.key.public_key)) {
		import_note(part->draft, "node %s: a record of its former keys is left out",
		            part->id);
		return;
	}
	if (key_equal(op.key.public_key, current) &&
	    (op.key.revoked_at == 0 || record->revoked_at != 0)) {
		has_current[is_wg] = true;
		*(is_wg ? &record->wg_key_since : &record->machine_key_since) = op.key.created_at;
	}
	import_add(part->draft, &op);
}

static void read_keys(struct part *part, struct node_record *record)
{
	struct json_at list = json_member(&part->at, "key_history");
	size_t n = json_count(&list, LIMIT_LISTED);
	bool has_current[2] = {false, false};
	struct store_op op = {.kind = STORE_KEY_ADD, .id = record->info.peer.id};

	for (size_t i = 0; i < n; i++) {
		struct json_at item = json_item(&list, i);

		read_key_record(part, &item, record, has_current);
	}
	op.key.created_at = record->created_at;
	op.key.revoked_at = record->revoked_at;
	if (!has_current[0]) {
		op.key.key_type = KEY_TYPE_MACHINE;
		memcpy(op.key.public_key, record->info.machine_public_key.b, LS_KEY_LEN);
		import_add(part->draft, &op);
	}
	if (!has_current[1]) {
		op.key.key_type = KEY_TYPE_WIREGUARD;
		memcpy(op.key.public_key, record->info.peer.wg_public_key.b, LS_KEY_LEN);
		import_add(part->draft, &op);
	}
}

static bool take_address(struct part *part, struct import_network *network,
                         struct node_record *record, const struct ls_ip *ip)
{
	const struct node_record *other = ls_map_get(network->addresses, ip->b, ls_ip_len(ip));
	char text[LS_IP_TEXT];

	if (other) {
		import_problem(part->draft, "node %s: it has the address %s of node %s", part->id,
		               ls_ip_format(ip, text), other->info.peer.id);
		return false;
	}
	state_map_must_add(network->addresses, ip->b, ls_ip_len(ip), record);
	return true;
}

/* False when another node has the address or the key. A revoked node holds its addresses only. */
static bool take_place(struct part *part, struct import_network *network,
                       struct node_record *record)
{
	struct peer_info *peer = &record->info.peer;
	char *folded = import_alloc(part->draft, LIMIT_NODE_NAME_LEN + 1, 1);
	const struct node_record *other =
	        ls_map_get(network->wg_keys, peer->wg_public_key.b, LS_KEY_LEN);

	if (!take_address(part, network, record, &peer->ipv4) ||
	    !take_address(part, network, record, &peer->ipv6))
		return false;
	peer->name = pick_name(part, network, peer->name, record->revoked_at != 0);
	peer->dns_name = name_in_dns(part, network, peer->name);
	if (record->revoked_at != 0 || !folded)
		return true;
	if (other) {
		import_problem(part->draft, "node %s: it has the WireGuard key of node %s",
		               part->id, other->info.peer.id);
		return false;
	}
	state_name_fold(peer->name, folded);
	state_map_must_add(network->names, folded, strlen(folded), record);
	state_map_must_add(network->wg_keys, peer->wg_public_key.b, LS_KEY_LEN, record);
	return true;
}

void import_read_node(struct import_draft *draft, struct import_network *network, const char *key,
                      const json_t *json)
{
	struct node_record *record = import_alloc(draft, 1, sizeof(*record));
	struct part part;

	if (!record)
		return;
	begin(&part, draft, "node", key, json);
	record->network_id = network->record->info.id;
	read_record(&part, record);
	if (!good(&part) || !check_node(&part, network, record) ||
	    !take_place(&part, network, record))
		return;
	/* The operation borrows the record, which its keys complete. */
	import_add(draft, &(struct store_op){.kind = STORE_NODE_PUT, .node = record});
	read_keys(&part, record);
	if (good(&part))
		draft->nodes++;
}

/* --- tokens --- */

void import_read_token(struct import_draft *draft, const char *secret, const char *network_id,
                       const json_t *json)
{
	struct token_record *record = import_alloc(draft, 1, sizeof(*record));
	char *id = import_alloc(draft, PUBLIC_ID_TEXT, 1);
	struct part part;

	if (!record || !id)
		return;
	state_secret_hash(secret, &record->hash);
	state_secret_public_id(&record->hash, id);
	begin(&part, draft, "token", id, json);
	record->id = id;
	record->network_id = network_id;
	record->expires_at = json_read_time(&part.at, "expires_at");
	record->uses_left = json_read_u64(&part.at, "uses_left", INT64_MAX);
	record->tags = json_read_strings(&part.at, "tags", LIMIT_READ, LIMIT_READ_LEN);
	record->owner_user_id =
	        json_read_string_or(&part.at, "owner_user_id", LIMIT_READ_LEN, NULL);
	record->owner_email = json_read_string_or(&part.at, "owner_email", LIMIT_READ_LEN, NULL);
	record->owner_is_admin = json_read_bool_or(&part.at, "owner_is_admin", true);
	record->revoked_at = json_read_time_or(&part.at, "revoked_at", 0);
	if (!good(&part))
		return;
	import_add(draft, &(struct store_op){.kind = STORE_TOKEN_PUT, .token = record});
	draft->tokens++;
}

/* --- the audit log --- */

static const char *read_detail(struct part *part)
{
	const json_t *detail = json_object_get(part->at.value, "detail");
	LS_FREE char *text = NULL;
	char *copy;

	if (!detail || json_is_null(detail))
		return NULL;
	if (json_is_string(detail))
		return json_read_string_or(&part->at, "detail", LIMIT_TEXT_LEN, NULL);
	text = json_text(detail, NULL);
	if (text && (!json_is_object(detail) || strlen(text) > LIMIT_TEXT_LEN)) {
		import_note(part->draft, "audit_log %s: its detail is left out", part->id);
		return NULL;
	}
	copy = text ? ls_arena_strdup(part->draft->arena, text) : NULL;
	part->draft->no_memory |= !copy;
	return copy;
}

void import_read_audit(struct import_draft *draft, size_t index, const json_t *json)
{
	struct audit_entry *entry = import_alloc(draft, 1, sizeof(*entry));
	char place[24];
	struct part part;

	if (!entry)
		return;
	(void)snprintf(place, sizeof(place), "[%zu]", index);
	begin(&part, draft, "audit_log", place, json);
	entry->id = json_read_string(&part.at, "id", LIMIT_ID_LEN);
	entry->timestamp = json_read_time(&part.at, "timestamp");
	entry->network_id = json_read_string_or(&part.at, "network_id", LIMIT_ID_LEN, NULL);
	entry->node_id = json_read_string_or(&part.at, "node_id", LIMIT_ID_LEN, NULL);
	entry->action = json_read_string(&part.at, "action", LIMIT_READ_LEN);
	entry->detail = read_detail(&part);
	if (!good(&part))
		return;
	import_add(draft, &(struct store_op){.kind = STORE_AUDIT_ADD, .audit = entry});
	draft->entries++;
}
