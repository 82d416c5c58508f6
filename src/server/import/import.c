/* SPDX-License-Identifier: Apache-2.0 */
#include "server/import/import.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "base/files.h"
#include "base/mem.h"
#include "server/import/document.h"
#include "server/state/secrets.h"
#include "server/state/state.h"
#include "server/store/sqlite.h"
#include "json/json.h"

enum {
	FILE_MAX = 256 << 20,
	ARENA_MAX = 1 << 30,
};

static int read_json(const char *path, json_t **ret, struct ls_fail *fail)
{
	char *data;
	size_t len;
	int r = ls_file_read(path, FILE_MAX, &data, &len, fail);

	if (r < 0)
		return r;
	r = json_parse(data, len, FILE_MAX, path, ret, fail);
	state_secret_wipe(data, len); /* node tokens */
	free(data);
	return r;
}

/* A database during the import, as a store that a state can be loaded from. */
struct loaded {
	struct store store;
	struct store_sqlite *database;
};

static int load(struct store *store, const struct store_loader *loader, struct ls_fail *fail)
{
	return store_sqlite_load(((struct loaded *)store)->database, loader, fail);
}

static void close_nothing(struct store *store)
{
	(void)store;
}

/* Loads all as a server does at its start, so that it will start with it. */
static int check(struct store_sqlite *database, size_t *ret_networks, struct ls_fail *fail)
{
	static const struct store_ops ops = {.load = load, .close = close_nothing};
	struct loaded loaded = {.store = {.ops = &ops}, .database = database};
	struct server_state *state;
	int r = state_open(&loaded.store, time(NULL), &state, fail);

	*ret_networks = 0;
	if (r < 0)
		return r;
	for (size_t cursor = 0; state_next_network(state, &cursor);)
		++*ret_networks;
	state_close(state);
	return 0;
}

static int fill(struct store_sqlite *database, const struct import_draft *draft,
                const char *state_path, struct ls_fail *fail)
{
	const struct store_commit commit = {.ops = draft->ops, .count = draft->count};
	size_t networks;
	int r = check(database, &networks, fail);

	if (r < 0)
		return r;
	if (networks > 0)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "database %s has networks already: import into a new one",
		                   state_path);
	r = store_sqlite_begin(database, fail);
	if (r < 0)
		return r;
	r = store_sqlite_add(database, &commit, fail);
	if (r == 0)
		r = check(database, &networks, fail);
	/* Without the end of the transaction, nothing of it is written. */
	return r < 0 ? r : store_sqlite_end(database, fail);
}

static int write_all(const struct import_draft *draft, const char *state_path, struct ls_fail *fail)
{
	struct store_sqlite *database;
	int r = store_sqlite_open(state_path, &database, fail);

	if (r < 0)
		return r;
	r = fill(database, draft, state_path, fail);
	store_sqlite_close(database);
	return r;
}

int import_file(const char *path, const char *state_path, FILE *report, struct ls_fail *fail)
{
	struct import_draft draft = {.report = report, .now = time(NULL)};
	json_t *json = NULL;
	int r = read_json(path, &json, fail);

	if (r < 0)
		return r;
	draft.arena = ls_arena_new(ARENA_MAX);
	r = draft.arena ? import_document_read(&draft, json, fail)
	                : ls_fail_set(fail, -ENOMEM, "out of memory");
	if (r < 0)
		(void)ls_fail_prefix(fail, "%s", path);
	if (r == 0)
		r = write_all(&draft, state_path, fail);
	if (r == 0)
		(void)fprintf(report,
		              "imported into %s: %zu networks, %zu nodes, %zu enrolment tokens, "
		              "%zu audit entries; %zu odd values\n",
		              state_path, draft.networks, draft.nodes, draft.tokens, draft.entries,
		              draft.notes);
	import_draft_done(&draft);
	ls_arena_free(draft.arena);
	json_decref(json);
	return r;
}
