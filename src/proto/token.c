/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/token.h"

#include "proto/limits.h"
#include "proto/names.h"

void proto_enrollment_token_read(const struct json_at *at, struct enrollment_token *ret)
{
	*ret = (struct enrollment_token){
	        .token = json_read_string(at, "token", LIMIT_READ_LEN),
	        .expires_at = json_read_time(at, "expires_at"),
	        .uses_left = json_read_u64(at, "uses_left", INT64_MAX),
	        .tags = json_read_strings(at, "tags", LIMIT_READ, LIMIT_READ_LEN),
	        .owner_user_id = json_read_string_or(at, "owner_user_id", LIMIT_READ_LEN, NULL),
	        .owner_email = json_read_string_or(at, "owner_email", LIMIT_READ_LEN, NULL),
	        .owner_is_admin = json_read_bool_or(at, "owner_is_admin", false),
	        .revoked_at = json_read_time_or(at, "revoked_at", 0),
	};
}

int proto_enrollment_token_decode(const json_t *json, struct ls_arena *arena,
                                  struct enrollment_token *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct enrollment_token token;

	proto_enrollment_token_read(&root, &token);
	if (decoder.code == 0)
		*ret = token;
	return decoder.code;
}

json_t *proto_enrollment_token_encode(const struct enrollment_token *token)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "token", token->token);
	json_put_time(&w, "expires_at", token->expires_at);
	json_put_u64(&w, "uses_left", token->uses_left);
	json_put_strings(&w, "tags", token->tags);
	json_put_string(&w, "owner_user_id", token->owner_user_id);
	json_put_string(&w, "owner_email", token->owner_email);
	json_put_bool(&w, "owner_is_admin", token->owner_is_admin);
	json_put_time_or_null(&w, "revoked_at", token->revoked_at);
	return json_finish(&w);
}

struct string_list proto_tags_read(const struct json_at *at, const char *name)
{
	struct json_at member = json_member(at, name);
	struct string_list tags = json_read_strings(at, name, LIMIT_TAGS, LIMIT_TAG_LEN);
	struct ls_fail why;

	for (size_t i = 0; i < tags.count; i++) {
		struct json_at item = json_item(&member, i);
		int r = proto_name_check_tag(tags.items[i], "tag", &why);

		if (r < 0)
			json_fail(&item, r, "%s", why.text);
	}
	return tags;
}

/* A positive number up to max. */
static uint64_t read_positive(const struct json_at *at, const char *name, uint64_t max)
{
	struct json_at member = json_member(at, name);
	uint64_t n = json_read_u64(at, name, max);

	if (n == 0)
		json_fail(&member, LS_ERROR_BAD_VALUE, "must not be 0");
	return n;
}

int proto_token_create_decode(const json_t *json, struct ls_arena *arena, struct token_create *ret,
                              struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct token_create request = {
	        .ttl_seconds = read_positive(&root, "ttl_seconds", LIMIT_TTL_SECONDS),
	        .uses = read_positive(&root, "uses", LIMIT_TOKEN_USES),
	        .tags = proto_tags_read(&root, "tags"),
	        .owner_user_id = json_read_string_or(&root, "owner_user_id", LIMIT_OWNER_LEN, NULL),
	        .owner_email = json_read_string_or(&root, "owner_email", LIMIT_OWNER_LEN, NULL),
	        /* v1's default, whether there is an owner or not. */
	        .owner_is_admin = json_read_bool_or(&root, "owner_is_admin", true),
	};

	if (decoder.code == 0)
		*ret = request;
	return decoder.code;
}

json_t *proto_token_create_encode(const struct token_create *request)
{
	struct json_writer w = json_begin();

	json_put_u64(&w, "ttl_seconds", request->ttl_seconds);
	json_put_u64(&w, "uses", request->uses);
	json_put_strings(&w, "tags", request->tags);
	if (request->owner_user_id)
		json_put_string(&w, "owner_user_id", request->owner_user_id);
	if (request->owner_email)
		json_put_string(&w, "owner_email", request->owner_email);
	if (!request->owner_is_admin) /* true is the default */
		json_put_bool(&w, "owner_is_admin", false);
	return json_finish(&w);
}

int proto_token_create_answer_decode(const json_t *json, struct ls_arena *arena,
                                     struct enrollment_token *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at member = json_member(&root, "token");
	struct enrollment_token token;

	proto_enrollment_token_read(&member, &token);
	if (decoder.code == 0)
		*ret = token;
	return decoder.code;
}

json_t *proto_token_create_answer_encode(const struct enrollment_token *token)
{
	struct json_writer w = json_begin();

	json_put(&w, "token", proto_enrollment_token_encode(token));
	return json_finish(&w);
}

int proto_token_list_decode(const json_t *json, struct ls_arena *arena,
                            struct enrollment_token_list *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at list = json_member(&root, "tokens");
	size_t n = json_count(&list, LIMIT_LISTED);
	struct enrollment_token *items = json_alloc(&decoder, n, sizeof(*items));

	for (size_t i = 0; items && i < n && decoder.code == 0; i++) {
		struct json_at item = json_item(&list, i);

		proto_enrollment_token_read(&item, &items[i]);
	}
	if (decoder.code == 0)
		*ret = (struct enrollment_token_list){.items = items, .count = n};
	return decoder.code;
}

json_t *proto_token_list_encode(const struct enrollment_token_list *list)
{
	struct json_writer w = json_begin();
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		w.failed |= !json_append(array, proto_enrollment_token_encode(&list->items[i]));
	json_put(&w, "tokens", array);
	return json_finish(&w);
}
