/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/auth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/api/node_requests.h"

/* Not Unix time: whoever sets the clock back must not lock sources out. */
static int64_t steady_s(const struct call *call)
{
	return (int64_t)(call->begin_ns / LS_NS_PER_S);
}

/* True when the source has failed too often; then sets status, header and text of the refusal. */
static bool must_wait(struct call *call, enum attempts_door door, struct ls_fail *fail)
{
	unsigned wait_s = api_attempts_wait_s(call->server->attempts, door, &call->origin.source,
	                                      steady_s(call));
	char text[16];

	if (wait_s == 0)
		return false;
	(void)snprintf(text, sizeof(text), "%u", wait_s);
	api_call_header(call, "Retry-After", text);
	call->server->counts.auth_throttled++;
	call->status = HTTP_STATUS_TOO_MANY;
	(void)ls_fail_set(fail, LS_ERROR_AUTH,
	                  "too many failed attempts from this address; try again in %u s", wait_s);
	return true;
}

static void log_failed(const struct call *call)
{
	static struct ls_ratelimit limit = LS_RATELIMIT_INIT(10, 10 * LS_NS_PER_S);
	char source[LS_IP_TEXT];

	if (!ls_ratelimit_pass(&limit, ls_now_ns()))
		return;
	ls_warn("auth.failed", "source=%s endpoint=\"%s\" suppressed=%" PRIu64,
	        ls_ip_format(&call->origin.source, source),
	        proto_endpoint_row(call->endpoint)->pattern, limit.suppressed);
	limit.suppressed = 0;
}

static void note(struct call *call, enum attempts_door door, struct ls_fail *fail)
{
	log_failed(call);
	if (must_wait(call, door, fail))
		return;
	call->server->counts.auth_wrong++;
	api_attempts_failed(call->server->attempts, door, &call->origin.source, steady_s(call));
}

int api_auth_note(struct call *call, int code, struct ls_fail *fail)
{
	if (code == LS_ERROR_AUTH)
		note(call, ATTEMPTS_SECRET, fail);
	return code;
}

static int missing(struct ls_fail *fail)
{
	return ls_fail_set(fail, LS_ERROR_AUTH,
	                   "no credential; send the header Authorization: Bearer <token>");
}

/* Compares first and then looks at the failures of the source: others may guess from the same
 * address, and they must not lock the admin out. A guesser beyond the limit learns from 429 what he
 * learns from 401, that this guess was wrong. What keeps him out is the length of the token. */
static int try_admin(struct call *call, const char *token, const char *needed, struct ls_fail *fail)
{
	if (state_secret_matches(token, &call->server->admin_token)) {
		call->origin.actor.kind = ACTOR_ADMIN;
		httpd_request_vouch(call->request);
		return 0;
	}
	(void)ls_fail_set(fail, LS_ERROR_AUTH, "this needs %s", needed);
	note(call, ATTEMPTS_ADMIN, fail);
	return LS_ERROR_AUTH;
}

int api_auth_any(const struct call *call, struct ls_fail *fail)
{
	return call->token ? 0 : missing(fail);
}

int api_auth_admin(struct call *call, struct ls_fail *fail)
{
	const char *token = call->token;

	return token ? try_admin(call, token, "the admin token", fail) : missing(fail);
}

int api_auth_node(struct call *call, struct node *node, struct ls_fail *fail)
{
	const char *token = call->token;

	if (!token)
		return missing(fail);
	if (!node)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown node");
	if (state_secret_matches(token, &node->record->token_hash)) {
		call->origin.actor = (struct actor){.kind = ACTOR_NODE, .id = node->id};
		/* Anybody who knows a network's id gets the token of a node that waits. */
		if (node->record->info.approved && !node->record->info.revoked)
			httpd_request_vouch(call->request);
		return api_node_requests_join(call, node, fail);
	}
	return try_admin(call, token, "the node's token or the admin token", fail);
}
