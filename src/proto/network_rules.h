/* SPDX-License-Identifier: Apache-2.0 */
/* What a network lets strangers and revoked nodes do (docs/protocol.md, "Rules"). Ours: a v1 server
 * has no such members and behaves as the zero values do. */
#ifndef LS_PROTO_NETWORK_RULES_H
#define LS_PROTO_NETWORK_RULES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/netmap.h"
#include "json/json.h"

/* What happens to a machine that asks to join by register-url. */
enum network_join {
	NETWORK_JOIN_LINK,  /* opening the approval link approves it */
	NETWORK_JOIN_ADMIN, /* an admin approves it */
	NETWORK_JOIN_OFF,   /* it is refused */
};

/* Who lifts the revocation of a node, by giving it new keys. */
enum network_revocation {
	NETWORK_REVOCATION_ROTATE, /* the node itself, or an admin */
	NETWORK_REVOCATION_FINAL,  /* an admin only */
};

struct network_rules {
	enum network_join join;
	enum network_revocation revocation;
};

/* "link", "admin", "off"; "rotate", "final". */
const char *proto_network_join_name(enum network_join join);
const char *proto_network_revocation_name(enum network_revocation revocation);
/* False when the text is no such name. */
bool proto_network_join_parse(const char *text, enum network_join *ret) LS_MUST_CHECK;
bool proto_network_revocation_parse(const char *text, enum network_revocation *ret) LS_MUST_CHECK;

/* Some of the rules, in a message. */
struct network_rules_given {
	bool has_join;
	bool has_revocation;
	struct network_rules rules; /* the zero value where it is not given */
};

/* Reads the members `join` and `revocation`, which may be absent, or adds those that are given. */
void proto_network_rules_read(const struct json_at *at, struct network_rules_given *ret);
void proto_network_rules_put(struct json_writer *w, const struct network_rules_given *given);

/* PUT /v1/networks/{net}: must have a member. */
int proto_network_update_decode(const json_t *json, struct ls_arena *arena,
                                struct network_rules_given *ret,
                                struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_network_update_encode(const struct network_rules_given *given);

/* A network as admins see it: NetworkInfo and the rules. */
struct network_details {
	struct network_info info;
	struct network_rules_given given; /* a v1 server gives none */
};

void proto_network_details_read(const struct json_at *at, struct network_details *ret);
json_t *proto_network_details_encode(const struct network_details *network);

/* `{"network": {..}}`: the answer of GET and PUT. */
int proto_network_answer_decode(const json_t *json, struct ls_arena *arena,
                                struct network_details *ret, struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_network_answer_encode(const struct network_details *network);

#endif
