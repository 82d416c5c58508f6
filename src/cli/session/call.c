/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/frame/output.h"
#include "cli/session/last_server.h"

enum {
	PATH_MAX_BYTES = LIMIT_TEXT_LEN + 1, /* for auth_path, which the server chooses */
};

static enum proto_auth auth_of(const struct session_call *call)
{
	return proto_endpoint_row(call->endpoint)->auth;
}

/* True when the endpoint expects the node's own token and the node's state is loaded. Without the
 * state, an admin asks about the node. */
static bool asks_as_node(const struct session *session, const struct session_call *call)
{
	enum proto_auth auth = auth_of(call);

	return !call->as_admin && (auth == PROTO_AUTH_NODE || auth == PROTO_AUTH_NODE_IN_BODY) &&
	       session->state;
}

/* A node without a token of its own uses the admin token. */
static const char *pick_token(const struct session *session, const struct session_call *call)
{
	if (auth_of(call) == PROTO_AUTH_NONE)
		return NULL;
	if (asks_as_node(session, call) && session->state->node_token)
		return session->state->node_token;
	return session->admin_token;
}

/* Appends to `fail` what the user can do, where the server's text does not say it. */
static int advise(const struct session *session, const struct session_call *call,
                  struct ls_fail *fail)
{
	bool as_node = asks_as_node(session, call);

	session_advise_pin(session, fail);
	switch (fail->code) {
	case LS_ERROR_NOT_FOUND:
		if (as_node)
			return ls_fail_append(
			        fail, "; if it was deleted there, move %s away and register again",
			        session->state_path);
		return fail->code;
	case LS_ERROR_UNREACHABLE:
		if (fail->hint == LS_HINT_PROXY)
			return ls_fail_append(fail, "; is that the right proxy? no_proxy names "
			                            "servers that need none");
		if (fail->hint == LS_HINT_NONE)
			return ls_fail_append(fail, "; is lightscale-server running there, and is "
			                            "the URL right?");
		return fail->code;
	case LS_ERROR_AUTH:
		if (auth_of(call) == PROTO_AUTH_NONE)
			return fail->code;
		if (!pick_token(session, call))
			return ls_fail_append(fail, "; give the admin token with "
			                            "--admin-token-file or LIGHTSCALE_ADMIN_TOKEN");
		return as_node ? fail->code
		               : ls_fail_append(fail, "; is this the server's admin token?");
	default:
		return fail->code;
	}
}

static void note_asked(struct session *session, const struct control_request *request)
{
	free(session->asked);
	if (asprintf(&session->asked, "%s %s%s", proto_method_name(request->method),
	             control_sync_current(session->sync)->text,
	             request->label ? request->label : request->path) < 0)
		abort();
}

/* The path that a server gave, else the endpoint's own with the query. */
static int find_path(const struct session_call *call, char ret[static PATH_MAX_BYTES],
                     struct ls_fail *fail)
{
	int n, r;

	if (call->path) {
		n = snprintf(ret, PATH_MAX_BYTES, "%s", call->path);
	} else {
		char path[PROTO_PATH_MAX];

		r = proto_endpoint_path(call->endpoint, call->params, path, fail);
		if (r < 0)
			return r;
		n = snprintf(ret, PATH_MAX_BYTES, "%s%s%s", path, call->query ? "?" : "",
		             call->query ? call->query : "");
	}
	if (n < 0 || n >= PATH_MAX_BYTES)
		return ls_fail_set(fail, LS_ERROR_USAGE, "the request's path is too long");
	return 0;
}

static int send_request(struct session *session, const struct session_call *call,
                        struct ls_fail *fail)
{
	struct control_request request;
	char path[PATH_MAX_BYTES];
	int r = find_path(call, path, fail);

	if (r < 0)
		return r;
	r = session_need_urls(session, fail);
	if (r < 0)
		return r;
	if (!session->sync) {
		r = control_sync_new(&session->urls, &session->trust, &session->known,
		                     &session->sync, fail);
		if (r < 0)
			return r;
	}
	request = control_request_to(call->endpoint, path);
	request.body = call->body;
	request.token = pick_token(session, call);
	r = control_sync_call(session->sync, &request, &session->answer, fail);
	session_last_server_save(session->state_path, &session->urls,
	                         control_sync_current(session->sync));
	if (r < 0)
		return advise(session, call, fail);
	note_asked(session, &request);
	return 0;
}

int session_send(struct session *session, const struct session_call *call, struct ls_fail *fail)
{
	int r;

	json_decref(session->answer);
	session->answer = NULL;
	r = send_request(session, call, fail);
	json_decref(call->body);
	return r;
}

int session_decoded(struct session *session, int r, struct ls_fail *fail)
{
	json_decref(session->answer);
	session->answer = NULL;
	return r < 0 ? ls_fail_prefix(fail, "%s", session->asked) : r;
}

void session_take_netmap(struct session *session, struct netmap *map)
{
	profile_state_set_netmap(session->state, map);
	(void)profile_servers_add(&session->state->servers,
	                          control_sync_current(session->sync)->text);
}

/* For SESSION_CALL; `arena` is unused, because a netmap has its own. */
static int decode_netmap(const json_t *json, struct ls_arena *arena, struct netmap **ret,
                         struct ls_fail *fail)
{
	(void)arena;
	return proto_netmap_decode(json, ret, fail);
}

int session_fresh_netmap(struct session *session, struct ls_fail *fail)
{
	struct ls_fail why = {0};
	int r = session_load_state(session, fail);

	if (r < 0)
		return r;
	r = session_need_urls(session, &why);
	if (r == 0)
		r = session_fetch_netmap(session, &why);
	if (r == 0)
		return session_save_state(session, fail);
	r = session_need_netmap(session, fail);
	if (r == 0)
		cli_note("This is the stored netmap: %s.", why.text);
	return r;
}

int session_fetch_netmap(struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_NETMAP,
	                                  .params = {session->state->node_id}};
	struct netmap *map = NULL;
	int r = SESSION_CALL(session, &call, decode_netmap, &map, fail);

	if (r < 0)
		return r;
	session_take_netmap(session, map);
	return 0;
}
