/* SPDX-License-Identifier: Apache-2.0 */
#include "server/import/document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"
#include "server/import/parts.h"
#include "json/json.h"

static void free_networks(struct import_network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ls_map_free(networks[i].names);
		ls_map_free(networks[i].wg_keys);
		ls_map_free(networks[i].addresses);
	}
	free(networks);
}

static struct import_network *find_network(struct import_network *networks, size_t count,
                                           const char *id)
{
	for (size_t i = 0; id && i < count; i++) {
		if (ls_streq(networks[i].record->info.id, id))
			return &networks[i];
	}
	return NULL;
}

/* A member of the state, in the order of `by`: the state's objects have none. */
struct entry {
	const char *key;
	const json_t *value;
	json_int_t created_at;
};

static int by_age(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->created_at != y->created_at)
		return x->created_at < y->created_at ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Sorts the members of an object: the oldest first. Of two nodes with one name, the older one keeps
 * it. */
static struct entry *sorted(struct import_draft *draft, json_t *object, size_t *ret)
{
	struct entry *entries = import_alloc(draft, json_object_size(object), sizeof(*entries));
	const char *key;
	json_t *value;
	size_t n = 0;

	*ret = 0;
	if (!entries)
		return NULL;
	json_object_foreach(object, key, value)
	{
		entries[n++] = (struct entry){
		        .key = key,
		        .value = value,
		        .created_at = json_integer_value(json_object_get(value, "created_at"))};
	}
	qsort(entries, n, sizeof(*entries), by_age);
	*ret = n;
	return entries;
}

static size_t read_networks(struct import_draft *draft, json_t *object,
                            struct import_network *networks)
{
	size_t count, n = 0;
	const struct entry *entries = sorted(draft, object, &count);

	for (size_t i = 0; i < count; i++) {
		const struct network_record *record =
		        import_read_network(draft, entries[i].key, entries[i].value);

		if (!record)
			continue;
		networks[n++] = (struct import_network){.record = record,
		                                        .names = ls_map_new(),
		                                        .wg_keys = ls_map_new(),
		                                        .addresses = ls_map_new()};
	}
	return n;
}

static void read_nodes(struct import_draft *draft, json_t *object, struct import_network *networks,
                       size_t network_count)
{
	size_t count;
	const struct entry *entries = sorted(draft, object, &count);

	for (size_t i = 0; i < count; i++) {
		const char *id = json_string_value(json_object_get(entries[i].value, "network_id"));
		struct import_network *network = find_network(networks, network_count, id);

		if (network)
			import_read_node(draft, network, entries[i].key, entries[i].value);
		else
			import_problem(draft,
			               "node %s: its network is not in the file, or has "
			               "problems itself",
			               entries[i].key);
	}
}

/* Their names in the object are the secrets: no message has one. */
static void read_tokens(struct import_draft *draft, json_t *object, struct import_network *networks,
                        size_t network_count)
{
	const char *secret;
	json_t *value;

	json_object_foreach(object, secret, value)
	{
		const char *id = json_string_value(json_object_get(value, "network_id"));

		if (find_network(networks, network_count, id))
			import_read_token(draft, secret, id, value);
		else
			import_note(draft,
			            "an enrolment token is left out: its network is not there");
	}
}

static int read_all(struct import_draft *draft, const json_t *json, struct ls_fail *fail)
{
	json_t *object = json_object_get(json, "networks");
	struct import_network *networks =
	        ls_try_array(json_object_size(object) + 1, sizeof(*networks));
	json_t *item;
	size_t i, count;

	if (!networks)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	count = read_networks(draft, object, networks);
	read_nodes(draft, json_object_get(json, "nodes"), networks, count);
	read_tokens(draft, json_object_get(json, "tokens"), networks, count);
	json_array_foreach(json_object_get(json, "audit_log"), i, item)
	{
		import_read_audit(draft, i, item);
	}
	free_networks(networks, count);
	if (draft->no_memory)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	if (draft->problems > 0)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "%zu problems, so nothing was imported: mend the file, or take "
		                   "these parts out of a copy of it",
		                   draft->problems);
	return 0;
}

static bool is_absent_or(const json_t *json, const char *name, json_type type)
{
	const json_t *value = json_object_get(json, name);

	return !value || json_typeof(value) == type;
}

int import_document_read(struct import_draft *draft, const json_t *json, struct ls_fail *fail)
{
	const json_t *version = json_object_get(json, "version");
	json_int_t revision = json_integer_value(json_object_get(json, "revision"));

	if (!json_is_object(json_object_get(json, "networks")) || !json_is_integer(version) ||
	    !is_absent_or(json, "nodes", JSON_OBJECT) ||
	    !is_absent_or(json, "tokens", JSON_OBJECT) ||
	    !is_absent_or(json, "audit_log", JSON_ARRAY))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "not the state of a v1 server, which has version, networks, "
		                   "nodes, tokens and audit_log");
	if (json_integer_value(version) != 1)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "version %" JSON_INTEGER_FORMAT " of the state: only 1 is known",
		                   json_integer_value(version));
	if (revision < 0 || revision == INT64_MAX)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "revision: out of range");
	/* Existing clients ignore a netmap whose revision is not above that of their last one. */
	draft->revision = (uint64_t)revision + 1;
	return read_all(draft, json, fail);
}
