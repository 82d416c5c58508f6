/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/network_create.h"

#include "proto/limits.h"
#include "proto/names.h"

enum {
	/* A smaller prefix has no room for two nodes. */
	OVERLAY_V4_BITS_MAX = 30,
	OVERLAY_V6_BITS_MAX = 126,
};

static void read_overlay(const struct json_at *at, const char *name, enum ls_family family,
                         uint8_t max_bits, struct ls_prefix *ret)
{
	struct json_at member = json_member(at, name);

	if (!json_present(&member))
		return;
	json_read_prefix(at, name, family, ret);
	if (ret->bits > max_bits)
		json_fail(&member, LS_ERROR_BAD_VALUE, "longer than /%u leaves no room for nodes",
		          max_bits);
}

static void check_names(const struct json_at *at, const struct network_create *request)
{
	struct json_at name = json_member(at, "name"), domain = json_member(at, "dns_domain");
	struct ls_fail why;
	int r;

	if (at->decoder->code < 0)
		return;
	r = proto_name_check_text(request->name, LIMIT_NETWORK_NAME_LEN, "network name", &why);
	if (r < 0)
		json_fail(&name, r, "%s", why.text);
	r = request->dns_domain ? proto_name_check_domain(request->dns_domain, "DNS domain", &why)
	                        : 0;
	if (r < 0)
		json_fail(&domain, r, "%s", why.text);
}

int proto_network_create_decode(const json_t *json, struct ls_arena *arena,
                                struct network_create *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct json_at age = json_member(&root, "key_rotation_max_age_seconds");
	struct json_at uses = json_member(&root, "bootstrap_token_uses");
	struct network_create request = {
	        .name = json_read_string(&root, "name", LIMIT_NETWORK_NAME_LEN),
	        .dns_domain = json_read_string_or(&root, "dns_domain", LIMIT_DNS_DOMAIN_LEN, NULL),
	        .requires_approval = json_read_bool_or(&root, "requires_approval", false),
	        .has_key_max_age = json_present(&age),
	        .key_rotation_max_age_seconds =
	                json_read_u64_or(&root, "key_rotation_max_age_seconds", INT64_MAX, 0),
	        .token_ttl_seconds = json_read_u64_or(&root, "bootstrap_token_ttl_seconds",
	                                              LIMIT_TTL_SECONDS, 0),
	        .token_uses = json_read_u64_or(&root, "bootstrap_token_uses", LIMIT_TOKEN_USES, 1),
	        .token_tags = proto_tags_read(&root, "bootstrap_token_tags"),
	};

	read_overlay(&root, "overlay_v4", LS_FAMILY_V4, OVERLAY_V4_BITS_MAX, &request.overlay_v4);
	read_overlay(&root, "overlay_v6", LS_FAMILY_V6, OVERLAY_V6_BITS_MAX, &request.overlay_v6);
	if (request.has_key_max_age && request.key_rotation_max_age_seconds == 0)
		json_fail(&age, LS_ERROR_BAD_VALUE, "must not be 0");
	if (request.token_uses == 0)
		json_fail(&uses, LS_ERROR_BAD_VALUE, "must not be 0");
	proto_network_rules_read(&root, &request.given);
	check_names(&root, &request);
	if (decoder.code == 0)
		*ret = request;
	return decoder.code;
}

json_t *proto_network_create_encode(const struct network_create *request)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "name", request->name);
	if (request->overlay_v4.ip.family != LS_FAMILY_NONE)
		json_put_prefix(&w, "overlay_v4", &request->overlay_v4);
	if (request->overlay_v6.ip.family != LS_FAMILY_NONE)
		json_put_prefix(&w, "overlay_v6", &request->overlay_v6);
	if (request->dns_domain)
		json_put_string(&w, "dns_domain", request->dns_domain);
	json_put_bool(&w, "requires_approval", request->requires_approval);
	if (request->has_key_max_age)
		json_put_u64(&w, "key_rotation_max_age_seconds",
		             request->key_rotation_max_age_seconds);
	proto_network_rules_put(&w, &request->given);
	if (request->token_ttl_seconds > 0) {
		json_put_u64(&w, "bootstrap_token_ttl_seconds", request->token_ttl_seconds);
		json_put_u64(&w, "bootstrap_token_uses", request->token_uses);
		json_put_strings(&w, "bootstrap_token_tags", request->token_tags);
	}
	return json_finish(&w);
}

int proto_network_create_answer_decode(const json_t *json, struct ls_arena *arena,
                                       struct network_create_answer *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at network = json_member(&root, "network");
	struct json_at token = json_member(&root, "bootstrap_token");
	struct network_create_answer answer = {.has_token = json_present(&token)};

	proto_network_details_read(&network, &answer.network);
	if (answer.has_token)
		proto_enrollment_token_read(&token, &answer.bootstrap_token);
	if (decoder.code == 0)
		*ret = answer;
	return decoder.code;
}

json_t *proto_network_create_answer_encode(const struct network_create_answer *answer)
{
	struct json_writer w = json_begin();

	json_put(&w, "network", proto_network_details_encode(&answer->network));
	json_put(&w, "bootstrap_token",
	         answer->has_token ? proto_enrollment_token_encode(&answer->bootstrap_token)
	                           : json_null());
	return json_finish(&w);
}

static void read_key_policy(const struct json_at *at, struct key_policy *ret)
{
	struct json_at age = json_member(at, "max_age_seconds");

	ret->has_max_age = json_present(&age);
	ret->max_age_seconds = json_read_u64_or(at, "max_age_seconds", INT64_MAX, 0);
	if (ret->has_max_age && ret->max_age_seconds == 0)
		json_fail(&age, LS_ERROR_BAD_VALUE, "must not be 0; null turns key ageing off");
}

int proto_key_policy_decode(const json_t *json, struct key_policy *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct key_policy policy;

	read_key_policy(&root, &policy);
	if (decoder.code == 0)
		*ret = policy;
	return decoder.code;
}

json_t *proto_key_policy_encode(const struct key_policy *policy)
{
	struct json_writer w = json_begin();

	if (policy->has_max_age)
		json_put_u64(&w, "max_age_seconds", policy->max_age_seconds);
	else
		json_put(&w, "max_age_seconds", json_null());
	return json_finish(&w);
}

int proto_key_policy_answer_decode(const json_t *json, struct key_policy *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.fail = fail};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at member = json_member(&root, "policy");
	struct key_policy policy;

	read_key_policy(&member, &policy);
	if (decoder.code == 0)
		*ret = policy;
	return decoder.code;
}

json_t *proto_key_policy_answer_encode(const struct key_policy *policy)
{
	struct json_writer w = json_begin();

	json_put(&w, "policy", proto_key_policy_encode(policy));
	return json_finish(&w);
}

int proto_network_list_decode(const json_t *json, struct ls_arena *arena, struct network_list *ret,
                              struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at list = json_member(&root, "networks");
	size_t count = json_count(&list, LIMIT_LISTED);
	struct network_details *items = json_alloc(&decoder, count, sizeof(*items));

	for (size_t i = 0; items && i < count; i++) {
		struct json_at item = json_item(&list, i);

		proto_network_details_read(&item, &items[i]);
	}
	if (decoder.code < 0)
		return decoder.code;
	*ret = (struct network_list){.items = items, .count = count};
	return 0;
}

json_t *proto_network_list_encode(const struct network_list *list)
{
	struct json_writer w = json_begin();
	json_t *items = json_array();

	for (size_t i = 0; i < list->count; i++)
		w.failed |= !json_append(items, proto_network_details_encode(&list->items[i]));
	json_put(&w, "networks", items);
	return json_finish(&w);
}
