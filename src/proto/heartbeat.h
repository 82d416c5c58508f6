/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/heartbeat. Decoded strings live in `arena`; encoders return a new reference, NULL when
 * out of memory. */
#ifndef LS_PROTO_HEARTBEAT_H
#define LS_PROTO_HEARTBEAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"
#include "proto/netmap.h"

struct heartbeat {
	const char *node_id;
	/* What cannot be taken is dropped when it is decoded, and named in `warnings`: it must not
	 * cost the node the rest of its heartbeat. */
	struct string_list endpoints; /* "host:port" */
	uint16_t listen_port;         /* 0: absent */
	struct route_list routes;     /* canonical prefixes */
	bool probe;
	struct string_list warnings; /* sentences; room for PROTO_HEARTBEAT_WARNINGS */
	uint64_t instance;           /* of the agent: at random at each start; 0: absent */
};

enum {
	PROTO_HEARTBEAT_WARNINGS = 64, /* further ones are not kept */
};

int proto_heartbeat_decode(const json_t *json, struct ls_arena *arena, struct heartbeat *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
/* Adds the sentence "what subject is left out: why"; the heartbeat must have been decoded. */
void proto_heartbeat_warn(struct heartbeat *heartbeat, struct ls_arena *arena, const char *what,
                          const char *subject, const char *why);
json_t *proto_heartbeat_encode(const struct heartbeat *heartbeat);
/* Puts the endpoints and routes of `first`, a JSON object with these two members, before those of
 * an encoded heartbeat. An endpoint, or a prefix, that both have stays once, as `first` has it.
 * What is more than the limits allow is left out. False when out of memory. */
bool proto_heartbeat_prepend(json_t *heartbeat, const json_t *first) LS_MUST_CHECK;
/* Decodes the answer, `{"netmap": ..}`. The caller frees the netmap. */
int proto_heartbeat_answer_decode(const json_t *json, struct netmap **ret,
                                  struct ls_fail *fail) LS_MUST_CHECK;

/* The sentences that an answer of ours has in "warnings"; empty for other servers. */
struct string_list proto_answer_warnings(const json_t *json, struct ls_arena *arena);

#endif
