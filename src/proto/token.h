/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens. Decoded strings live in `arena`; encoders return a new reference, NULL when out
 * of memory. */
#ifndef LS_PROTO_TOKEN_H
#define LS_PROTO_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"
#include "json/json.h"

struct enrollment_token {
	const char *token; /* the secret in the answer to POST, a short public id in lists */
	int64_t expires_at;
	uint64_t uses_left;
	struct string_list tags;
	const char *owner_user_id; /* NULL: none */
	const char *owner_email;
	bool owner_is_admin;
	int64_t revoked_at; /* 0: not revoked */
};

struct enrollment_token_list {
	const struct enrollment_token *items;
	size_t count;
};

/* POST /v1/networks/{net}/tokens. A lifetime or uses of 0 do not decode. */
struct token_create {
	uint64_t ttl_seconds;
	uint64_t uses;
	struct string_list tags;
	const char *owner_user_id;
	const char *owner_email;
	bool owner_is_admin;
};

/* Reads the array member `name` of a request and checks each entry with proto_name_check_tag; empty
 * when absent. */
struct string_list proto_tags_read(const struct json_at *at, const char *name);

void proto_enrollment_token_read(const struct json_at *at, struct enrollment_token *ret);
int proto_enrollment_token_decode(const json_t *json, struct ls_arena *arena,
                                  struct enrollment_token *ret, struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_enrollment_token_encode(const struct enrollment_token *token);

int proto_token_create_decode(const json_t *json, struct ls_arena *arena, struct token_create *ret,
                              struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_token_create_encode(const struct token_create *request);
/* The answer, `{"token": ..}`. */
int proto_token_create_answer_decode(const json_t *json, struct ls_arena *arena,
                                     struct enrollment_token *ret,
                                     struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_token_create_answer_encode(const struct enrollment_token *token);

/* `{"tokens": [..]}` */
int proto_token_list_decode(const json_t *json, struct ls_arena *arena,
                            struct enrollment_token_list *ret, struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_token_list_encode(const struct enrollment_token_list *list);

#endif
