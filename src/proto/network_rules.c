/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/network_rules.h"

#include "base/str.h"
#include "proto/limits.h"

static const char *const join_names[] = {
        [NETWORK_JOIN_LINK] = "link",
        [NETWORK_JOIN_ADMIN] = "admin",
        [NETWORK_JOIN_OFF] = "off",
};

static const char *const revocation_names[] = {
        [NETWORK_REVOCATION_ROTATE] = "rotate",
        [NETWORK_REVOCATION_FINAL] = "final",
};

enum {
	JOIN_NAMES = sizeof(join_names) / sizeof(join_names[0]),
	REVOCATION_NAMES = sizeof(revocation_names) / sizeof(revocation_names[0]),
};

/* -1: none of them. */
static int find(const char *const *names, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (ls_streq(names[i], text))
			return (int)i;
	}
	return -1;
}

const char *proto_network_join_name(enum network_join join)
{
	return join_names[join];
}

const char *proto_network_revocation_name(enum network_revocation revocation)
{
	return revocation_names[revocation];
}

bool proto_network_join_parse(const char *text, enum network_join *ret)
{
	int i = find(join_names, JOIN_NAMES, text);

	if (i >= 0)
		*ret = (enum network_join)i;
	return i >= 0;
}

bool proto_network_revocation_parse(const char *text, enum network_revocation *ret)
{
	int i = find(revocation_names, REVOCATION_NAMES, text);

	if (i >= 0)
		*ret = (enum network_revocation)i;
	return i >= 0;
}

void proto_network_rules_read(const struct json_at *at, struct network_rules_given *ret)
{
	struct json_at join = json_member(at, "join"), revocation = json_member(at, "revocation");
	const char *text;

	*ret = (struct network_rules_given){.has_join = json_present(&join),
	                                    .has_revocation = json_present(&revocation)};
	text = ret->has_join ? json_read_string(at, "join", LIMIT_READ_LEN) : NULL;
	if (text && !proto_network_join_parse(text, &ret->rules.join))
		json_fail(&join, LS_ERROR_BAD_VALUE, "none of \"link\", \"admin\", \"off\"");
	text = ret->has_revocation ? json_read_string(at, "revocation", LIMIT_READ_LEN) : NULL;
	if (text && !proto_network_revocation_parse(text, &ret->rules.revocation))
		json_fail(&revocation, LS_ERROR_BAD_VALUE, "neither \"final\" nor \"rotate\"");
}

void proto_network_rules_put(struct json_writer *w, const struct network_rules_given *given)
{
	if (given->has_join)
		json_put_string(w, "join", proto_network_join_name(given->rules.join));
	if (given->has_revocation)
		json_put_string(w, "revocation",
		                proto_network_revocation_name(given->rules.revocation));
}

int proto_network_update_decode(const json_t *json, struct ls_arena *arena,
                                struct network_rules_given *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct network_rules_given given;

	proto_network_rules_read(&root, &given);
	if (!given.has_join && !given.has_revocation)
		json_fail(&root, LS_ERROR_BAD_VALUE, "neither join nor revocation given");
	if (decoder.code == 0)
		*ret = given;
	return decoder.code;
}

json_t *proto_network_update_encode(const struct network_rules_given *given)
{
	struct json_writer w = json_begin();

	proto_network_rules_put(&w, given);
	return json_finish(&w);
}

void proto_network_details_read(const struct json_at *at, struct network_details *ret)
{
	proto_network_info_read(at, &ret->info);
	proto_network_rules_read(at, &ret->given);
}

json_t *proto_network_details_encode(const struct network_details *network)
{
	struct json_writer w = {.object = proto_network_info_encode(&network->info)};

	w.failed = w.object == NULL;
	proto_network_rules_put(&w, &network->given);
	return json_finish(&w);
}

int proto_network_answer_decode(const json_t *json, struct ls_arena *arena,
                                struct network_details *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at member = json_member(&root, "network");
	struct network_details network;

	proto_network_details_read(&member, &network);
	if (decoder.code == 0)
		*ret = network;
	return decoder.code;
}

json_t *proto_network_answer_encode(const struct network_details *network)
{
	struct json_writer w = json_begin();

	json_put(&w, "network", proto_network_details_encode(network));
	return json_finish(&w);
}
