/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams as answers of STUN servers: a query accepts only those that decode, have one of its
 * ids, and come from the server that it asked. */
#include <string.h>

#include "base/clock.h"
#include "nat/stun_query.h"
#include "tests/fuzz/fuzz.h"

static struct ls_endpoint address(uint8_t last)
{
	return (struct ls_endpoint){.ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, last}},
	                            .port = 3478};
}

static void check_response(const struct stun_response *response)
{
	FUZZ_CHECK(response->success ? response->error_code == 0
	                             : response->error_code >= 300 && response->error_code <= 699);
	FUZZ_CHECK(response->success || response->mapped.ip.family == LS_FAMILY_NONE);
	FUZZ_CHECK(response->unknown_attribute < STUN_OPTIONAL);
}

static void check_query(const struct stun_query *query, const struct stun_response *response)
{
	const struct stun_server *server = &query->servers[0];
	struct stun_result result;

	FUZZ_CHECK(stun_query_result(query, LS_FAMILY_V4, &result) ==
	           (server->state == STUN_ANSWERED));
	FUZZ_CHECK(!stun_query_result(query, LS_FAMILY_V6, &result));
	if (server->state == STUN_ANSWERED)
		FUZZ_CHECK(response->success && server->mapped.port != 0 &&
		           ls_endpoint_equal(&server->mapped, &response->mapped));
	else
		FUZZ_CHECK(server->state == STUN_REFUSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stun_response response = {0};
	bool decodes = stun_response_decode(data, size, &response) == 0;
	struct ls_endpoint right = address(1), wrong = address(2);
	uint8_t request[STUN_REQUEST_LEN];
	struct stun_query query;

	stun_query_init(&query, LS_NS_PER_S);
	/* The id that the input carries, so that it is an answer. */
	(void)stun_query_add(&query, &right, 0, &response.transaction, 0);
	FUZZ_CHECK(stun_query_next(&query, 0, request) == &query.servers[0]);
	FUZZ_CHECK(!stun_query_receive(&query, &wrong, data, size, 1));
	FUZZ_CHECK(query.servers[0].state == STUN_WAITING);
	FUZZ_CHECK(stun_query_receive(&query, &right, data, size, 1) == decodes);
	if (decodes) {
		check_response(&response);
		check_query(&query, &response);
	} else {
		FUZZ_CHECK(query.servers[0].state == STUN_WAITING);
	}
	return 0;
}
