/* SPDX-License-Identifier: Apache-2.0 */
/* The body or the path of a request to the server. The first byte chooses the request; the rest is
 * the body. Whatever it does to the state, a client must be able to read every node's netmap. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/keys.h"
#include "server/api/endpoints.h"
#include "server/netmap/compose.h"
#include "server/state/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/server_changes.h"
#include "tests/unit/server_null_store.h"
#include "json/json.h"

enum {
	NOW = 1700000000,
	BODY_MAX = 1 << 16,
};

static const struct origin origin = {.now = NOW,
                                     .source = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 1}}};

struct world {
	struct null_store store;
	struct server_state *state;
	struct network *network;
	struct node *nodes[2];
	struct ls_arena *arena;
	json_t *body;
	struct ended ended; /* how the request ended */
};

static struct node *add_node(struct world *w, const char *secret, const char *name, uint8_t key)
{
	const struct register_request request = {.token = secret,
	                                         .node_name = name,
	                                         .machine_public_key.b = {key},
	                                         .wg_public_key.b = {key}};
	struct ended ended;

	FUZZ_CHECK(CHANGE(&ended, state_register, w->state, &request, &origin) == 0);
	return ended.node;
}

static void open_world(struct world *w)
{
	const struct network_create create = {
	        .name = "net", .token_ttl_seconds = 100, .token_uses = 5};
	struct ended ended;
	struct ls_fail fail;

	*w = (struct world){0};
	null_store_init(&w->store);
	FUZZ_CHECK(state_open(&w->store.store, NOW, &w->state, &fail) == 0);
	FUZZ_CHECK(CHANGE(&ended, state_network_create, w->state, &create, &origin) == 0);
	w->network = ended.network;
	w->nodes[0] = add_node(w, ended.secrets.enrolment_token, "alpha", 1);
	w->nodes[1] = add_node(w, ended.secrets.enrolment_token, "beta", 2);
	w->arena = ls_arena_new(LIMIT_REQUEST_ARENA);
}

static void close_world(struct world *w)
{
	json_decref(w->body);
	ls_arena_free(w->arena);
	state_close(w->state);
}

static int do_network(struct world *w, struct ls_fail *fail)
{
	struct network_create request;
	int r = proto_network_create_decode(w->body, w->arena, &request, fail);

	return r < 0 ? r : CHANGE(&w->ended, state_network_create, w->state, &request, &origin);
}

static int do_token(struct world *w, struct ls_fail *fail)
{
	struct token_create request;
	int r = proto_token_create_decode(w->body, w->arena, &request, fail);

	return r < 0 ? r
	             : CHANGE(&w->ended, state_token_create, w->state, w->network, &request,
	                      &origin);
}

static int do_register(struct world *w, struct ls_fail *fail)
{
	struct register_request request;
	int r = proto_register_request_decode(w->body, w->arena, &request, fail);

	return r < 0 ? r : CHANGE(&w->ended, state_register, w->state, &request, &origin);
}

/* With the id of the network that there is: the input cannot know it. */
static int do_register_url(struct world *w, struct ls_fail *fail)
{
	struct register_url_request request;
	int r = proto_register_url_request_decode(w->body, w->arena, &request, fail);

	if (r < 0)
		return r;
	request.network_id = w->network->id;
	return CHANGE(&w->ended, state_register_url, w->state, &request, &origin);
}

static int do_heartbeat(struct world *w, struct ls_fail *fail)
{
	struct heartbeat heartbeat;
	int r = proto_heartbeat_decode(w->body, w->arena, &heartbeat, fail);

	return r < 0 ? r
	             : CHANGE(&w->ended, state_heartbeat, w->state, w->nodes[0], &heartbeat,
	                      &origin);
}

static int do_acl(struct world *w, struct ls_fail *fail)
{
	struct acl_policy policy;
	int r = proto_acl_request_decode(w->body, w->arena, &policy, fail);

	return r < 0 ? r : CHANGE(&w->ended, state_acl_set, w->state, w->network, &policy, &origin);
}

static int do_key_policy(struct world *w, struct ls_fail *fail)
{
	struct key_policy policy;
	int r = proto_key_policy_decode(w->body, &policy, fail);

	return r < 0 ? r
	             : CHANGE(&w->ended, state_key_policy_set, w->state, w->network, &policy,
	                      &origin);
}

static int do_update(struct world *w, struct ls_fail *fail)
{
	struct node_update update;
	int r = proto_node_update_decode(w->body, w->arena, &update, fail);

	return r < 0 ? r
	             : CHANGE(&w->ended, state_node_update, w->state, w->nodes[0], &update,
	                      &origin);
}

static int do_rotate(struct world *w, struct ls_fail *fail)
{
	struct key_rotation rotation;
	int r = proto_key_rotation_decode(w->body, &rotation, fail);

	return r < 0 ? r
	             : CHANGE(&w->ended, state_keys_rotate, w->state, w->nodes[0], &rotation,
	                      &origin);
}

static int (*const requests[])(struct world *w, struct ls_fail *fail) = {
        do_network, do_token,      do_register, do_register_url, do_heartbeat,
        do_acl,     do_key_policy, do_update,   do_rotate,
};

enum {
	REQUEST_COUNT = sizeof(requests) / sizeof(requests[0])
};

static void check_netmap(struct node *node)
{
	struct evbuffer *out = evbuffer_new();
	struct text *relay = state_text_from_string("null");
	struct netmap *map = NULL;
	struct ls_fail fail;
	json_t *json = NULL;
	size_t shared = 0;

	FUZZ_CHECK(netmap_compose(node, relay, NOW, out, &shared) == 0);
	FUZZ_CHECK(json_parse((const char *)evbuffer_pullup(out, -1), evbuffer_get_length(out),
	                      SIZE_MAX, "netmap", &json, &fail) == 0);
	FUZZ_CHECK(proto_netmap_decode(json, &map, &fail) == 0);
	proto_netmap_free(map);
	json_decref(json);
	state_text_unref(relay);
	evbuffer_free(out);
}

static void try_path(const uint8_t *data, size_t size)
{
	char path[CALL_PATH_MAX] = {0};
	struct call call = {.path = path};
	char allow[ENDPOINT_ALLOW_MAX];
	struct ls_fail fail;

	if (size >= sizeof(path) || memchr(data, 0, size))
		return;
	memcpy(path, data, size);
	if (api_endpoint_find(&call, "GET", allow, &fail) == 0)
		FUZZ_CHECK(api_endpoint(call.endpoint)->handle != NULL);
}

static void try_body(size_t which, const uint8_t *data, size_t size)
{
	struct ls_fail fail = {0};
	struct world w;

	open_world(&w);
	if (json_parse((const char *)data, size, BODY_MAX, "body", &w.body, &fail) == 0 &&
	    requests[which](&w, &fail) < 0)
		FUZZ_CHECK(fail.text[0] != '\0' || w.ended.fail.text[0] != '\0');
	check_netmap(w.nodes[0]);
	check_netmap(w.nodes[1]);
	close_world(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ls_log_set_level(LS_LOG_ERROR);
	if (size < 1 || crypto_init() < 0)
		return 0;
	if (data[0] == '/')
		try_path(data, size);
	else
		try_body(data[0] % REQUEST_COUNT, data + 1, size - 1);
	return 0;
}
