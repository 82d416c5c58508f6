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
	struct string_list endpoints; /* "host:port", checked when decoded */
	uint16_t listen_port;         /* 0: absent */
	struct route_list routes;     /* canonical prefixes */
	bool probe;
};

int proto_heartbeat_decode(const json_t *json, struct ls_arena *arena, struct heartbeat *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_heartbeat_encode(const struct heartbeat *heartbeat);
/* Decodes the answer, `{"netmap": ..}`. The caller frees the netmap. */
int proto_heartbeat_answer_decode(const json_t *json, struct netmap **ret,
                                  struct ls_fail *fail) LS_MUST_CHECK;

#endif
