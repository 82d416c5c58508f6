/* SPDX-License-Identifier: Apache-2.0 */
#include "nat/stun_query.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"

static const char *const state_names[] = {
        [STUN_WAITING] = "waiting", [STUN_ANSWERED] = "answered",
        [STUN_REFUSED] = "refused", [STUN_UNREACHABLE] = "unreachable",
        [STUN_SILENT] = "silent",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == STUN_SILENT + 1, "states");

static void set_state(struct stun_server *server, enum stun_state state)
{
	char text[LS_ENDPOINT_TEXT];

	ls_debug("stun.state", "server=%s old=%s new=%s error=%d",
	         ls_endpoint_format(&server->address, text), state_names[server->state],
	         state_names[state], server->error_code);
	server->state = state;
}

static size_t family_index(enum ls_family family)
{
	return family == LS_FAMILY_V4 ? 0 : 1;
}

void stun_query_init(struct stun_query *query, uint64_t end_ns)
{
	*query = (struct stun_query){.end_ns = end_ns};
}

bool stun_query_add(struct stun_query *query, const struct ls_endpoint *address, unsigned tag,
                    const struct stun_transaction *transaction, uint64_t now_ns)
{
	if (query->count == STUN_QUERY_MAX)
		return false;
	query->servers[query->count++] = (struct stun_server){
	        .address = *address,
	        .tag = tag,
	        .transaction = *transaction,
	        .due_ns = now_ns,
	};
	return true;
}

/* How long to wait after request number `sent`: 1, 2, 4.. times RTO, and Rm times RTO after the
 * last. */
static uint64_t wait_after(unsigned sent)
{
	uint64_t rtos = sent < STUN_REQUESTS_MAX ? UINT64_C(1) << (sent - 1) : STUN_LAST_WAIT_RTOS;

	return rtos * STUN_RTO_MS * LS_NS_PER_MS;
}

struct stun_server *stun_query_next(struct stun_query *query, uint64_t now_ns,
                                    uint8_t ret_request[static STUN_REQUEST_LEN])
{
	for (size_t i = 0; i < query->count; i++) {
		struct stun_server *server = &query->servers[i];

		if (server->state != STUN_WAITING)
			continue;
		if (now_ns >= query->end_ns) {
			set_state(server, STUN_SILENT);
			continue;
		}
		if (now_ns < server->due_ns)
			continue;
		if (server->sent == STUN_REQUESTS_MAX) {
			set_state(server, STUN_SILENT);
			continue;
		}
		server->sent++;
		server->due_ns = now_ns + wait_after(server->sent);
		stun_request_encode(&server->transaction, ret_request);
		return server;
	}
	return NULL;
}

void stun_query_unsendable(struct stun_server *server, int error)
{
	server->error_code = error;
	set_state(server, STUN_UNREACHABLE);
}

uint64_t stun_query_deadline(const struct stun_query *query, uint64_t now_ns)
{
	uint64_t deadline = query->end_ns;

	for (size_t i = 0; i < query->count; i++) {
		const struct stun_server *server = &query->servers[i];

		if (server->state == STUN_WAITING && server->due_ns < deadline)
			deadline = server->due_ns;
	}
	for (size_t i = 0; i < 2; i++) {
		uint64_t grace_end = query->first[i].grace_end_ns;

		if (query->first[i].heard && grace_end > now_ns && grace_end < deadline)
			deadline = grace_end;
	}
	return deadline;
}

/* True when peers could send to the address. Not usable: loopback and link-local addresses (a
 * server on this host sees us under those), 0.0.0.0/8 and ::, multicast and above. */
static bool is_usable(const struct ls_endpoint *mapped)
{
	const uint8_t *b = mapped->ip.b;

	if (mapped->port == 0 || mapped->ip.family == LS_FAMILY_NONE)
		return false;
	if (ls_ip_is_loopback(&mapped->ip) || ls_ip_is_link_local(&mapped->ip))
		return false;
	if (mapped->ip.family == LS_FAMILY_V4)
		return b[0] != 0 && b[0] < 224;
	return b[0] != 0xff && !sodium_is_zero(b, sizeof(mapped->ip.b));
}

static struct stun_server *find(struct stun_query *query,
                                const struct stun_transaction *transaction,
                                const struct ls_endpoint *from)
{
	for (size_t i = 0; i < query->count; i++) {
		struct stun_server *server = &query->servers[i];

		if (sodium_memcmp(server->transaction.b, transaction->b, STUN_TRANSACTION_LEN) ==
		            0 &&
		    ls_endpoint_equal(&server->address, from))
			return server;
	}
	return NULL;
}

static void take_answer(struct stun_query *query, struct stun_server *server,
                        const struct stun_response *response, uint64_t now_ns)
{
	size_t i = family_index(server->address.ip.family);

	/* An unknown attribute that must be understood makes the response a failure (RFC 8489
	 * 6.3.3, 6.3.4). */
	if (!response->success || response->unknown_attribute != 0 ||
	    !is_usable(&response->mapped)) {
		server->error_code = response->error_code;
		set_state(server, STUN_REFUSED);
		return;
	}
	server->mapped = response->mapped;
	set_state(server, STUN_ANSWERED);
	if (query->first[i].heard)
		return;
	query->first[i].heard = true;
	query->first[i].server = (size_t)(server - query->servers);
	query->first[i].grace_end_ns = now_ns + STUN_GRACE_MS * LS_NS_PER_MS;
}

bool stun_query_receive(struct stun_query *query, const struct ls_endpoint *from, const void *data,
                        size_t len, uint64_t now_ns)
{
	struct stun_response response;
	struct stun_server *server;

	if (stun_response_decode(data, len, &response) < 0)
		return false;
	server = find(query, &response.transaction, from);
	if (!server)
		return false;
	/* A second answer, or one after the end, is ours too, but changes nothing. */
	if (server->state == STUN_WAITING && server->sent > 0 && now_ns < query->end_ns)
		take_answer(query, server, &response, now_ns);
	return true;
}

static bool is_waiting(const struct stun_query *query, size_t family)
{
	for (size_t i = 0; i < query->count; i++) {
		const struct stun_server *server = &query->servers[i];

		if (server->state == STUN_WAITING &&
		    family_index(server->address.ip.family) == family)
			return true;
	}
	return false;
}

bool stun_query_settled(const struct stun_query *query, bool more, uint64_t now_ns)
{
	if (now_ns >= query->end_ns)
		return true;
	for (size_t i = 0; i < 2; i++) {
		bool enough = query->first[i].heard && now_ns >= query->first[i].grace_end_ns;

		if (!enough && (more || is_waiting(query, i)))
			return false;
	}
	return true;
}

bool stun_query_result(const struct stun_query *query, enum ls_family family,
                       struct stun_result *ret)
{
	size_t index = family_index(family);
	struct stun_result result = {.server = &query->servers[query->first[index].server]};

	if (!query->first[index].heard)
		return false;
	for (size_t i = 0; i < query->count && !result.other; i++) {
		const struct stun_server *server = &query->servers[i];

		if (server->state == STUN_ANSWERED &&
		    family_index(server->address.ip.family) == index &&
		    !ls_endpoint_equal(&server->mapped, &result.server->mapped))
			result.other = server;
	}
	*ret = result;
	return true;
}
