/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of name servers: whatever they are, the resolver keeps to its contract. The first byte
 * chooses whether the answer repeats the question that was asked. Then follow the header without
 * its id, and everything after the question. */
#include <event2/event.h>
#include <stdbool.h>

#include "net/resolve.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/name_server.h"

enum {
	HEAD_REST = NAME_SERVER_HEAD - 2, /* without the id */
	DATAGRAM_MAX = 4096,
	TURNS_MAX = 8,
};

static struct event_base *base;
static struct resolver *resolver;

struct seen {
	size_t count;
	bool last;
};

static void on_answer(void *arg, const struct lookup_answer *answer)
{
	struct seen *seen = arg;

	FUZZ_CHECK(!seen->last && seen->count < 2);
	FUZZ_CHECK(answer->count <= LOOKUP_ADDRESSES_MAX);
	FUZZ_CHECK(answer->count > 0 || answer->last);
	FUZZ_CHECK(!answer->reason || (answer->count == 0 && seen->count == 0));
	FUZZ_CHECK(answer->reason || answer->count > 0 || seen->count > 0);
	for (size_t i = 0; i < answer->count; i++)
		FUZZ_CHECK(ls_ip_len(&answer->addresses[i]) > 0);
	FUZZ_CHECK(answer->count < 2 || answer->addresses[0].family == LS_FAMILY_V6 ||
	           answer->addresses[1].family == LS_FAMILY_V4);
	seen->count++;
	seen->last = answer->last;
}

static void send_answer(const struct name_server_query *query, const uint8_t *data, size_t size)
{
	uint8_t answer[DATAGRAM_MAX];
	bool own_question = data[0] % 2 == 0;
	size_t head = size - 1 < HEAD_REST ? size - 1 : HEAD_REST, rest = size - 1 - head;
	size_t question =
	        own_question && head == HEAD_REST ? query->question_end - NAME_SERVER_HEAD : 0;
	size_t len = 2;

	memcpy(answer, query->data, len);
	memcpy(answer + len, data + 1, head);
	len += head;
	memcpy(answer + len, query->data + NAME_SERVER_HEAD, question);
	len += question;
	rest = rest < sizeof(answer) - len ? rest : sizeof(answer) - len;
	memcpy(answer + len, data + 1 + head, rest);
	name_server_send(query, answer, len + rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {0};
	struct lookup *lookup;

	if (size == 0)
		return 0;
	if (!base) {
		base = event_base_new();
		resolver = net_resolver_new(base, 0);
		name_server_open();
	}
	lookup = net_resolver_start(resolver, "fuzz.test", on_answer, &seen);
	for (int i = 0; i < TURNS_MAX && !seen.last; i++) {
		struct name_server_query query;

		while (name_server_next(&query))
			send_answer(&query, data, size);
		FUZZ_CHECK(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	}
	if (!seen.last)
		net_lookup_cancel(lookup);
	return 0;
}
