/* SPDX-License-Identifier: Apache-2.0 */
/* The stored values of networks, nodes and enrolment tokens. Each record is one row of the store,
 * and the immutable value of one object in memory. A record from *_record_new is one allocation
 * that owns all it points to: free() releases it, and nobody changes it. Records on the stack
 * borrow what they point to. Secrets appear only as hashes. */
#ifndef LS_SERVER_STORE_RECORDS_H
#define LS_SERVER_STORE_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/string_list.h"
#include "proto/netmap.h"
#include "proto/network_rules.h"

enum {
	SECRET_HASH_LEN = 32, /* BLAKE2b-256 of the secret's text */
};

struct secret_hash {
	uint8_t b[SECRET_HASH_LEN];
};

struct network_record {
	struct network_info info;
	struct network_rules rules;
	const char *acl_json; /* AclPolicy as text */
	uint64_t revision;
	int64_t created_at;
};

struct node_record {
	/* key_rotation_required depends on the time and is not stored. `approved` and `revoked` are
	 * stored as they were decided. */
	struct node_info info;
	const char *network_id;
	struct secret_hash token_hash;
	bool has_approval_secret;
	struct secret_hash approval_hash;
	int64_t approval_expires_at;
	struct ls_ip
	        requested_from; /* who asked to join by URL; LS_FAMILY_NONE: unknown, or nobody */
	int64_t created_at;
	int64_t approved_at;  /* 0: never */
	int64_t revoked_at;   /* 0: not revoked */
	int64_t wg_key_since; /* when the current keys were registered */
	int64_t machine_key_since;
};

/* The addresses of a deleted node, which no other gets for some time. */
struct former_record {
	const char *network_id;
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	int64_t since; /* when the node was deleted */
};

struct token_record {
	const char *id; /* short and public; lists show it */
	const char *network_id;
	struct secret_hash hash;
	int64_t expires_at;
	uint64_t uses_left;
	struct string_list tags;
	const char *owner_user_id; /* NULL: none */
	const char *owner_email;
	bool owner_is_admin;
	int64_t revoked_at; /* 0: not revoked */
};

/* Deep copies; NULL when out of memory. */
struct network_record *store_network_record_new(const struct network_record *from) LS_MUST_CHECK;
struct node_record *store_node_record_new(const struct node_record *from) LS_MUST_CHECK;
struct token_record *store_token_record_new(const struct token_record *from) LS_MUST_CHECK;

#endif
