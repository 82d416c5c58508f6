/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers: each valid text encodes to exactly itself after decoding, and each bad one
 * is refused with the field and the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "proto/acl.h"
#include "proto/heartbeat.h"
#include "proto/network_create.h"
#include "proto/node_admin.h"
#include "proto/registration.h"
#include "proto/server_report.h"
#include "proto/token.h"
#include "json/json.h"

#define KEY_A "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\""
#define KEY_B "\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\""
#define ZERO  "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define KEYS  "\"machine_public_key\":" KEY_A ",\"wg_public_key\":" KEY_B
#define NETWORK                                                                                    \
	"{\"id\":\"n1\",\"name\":\"lab\",\"overlay_v4\":\"100.64.1.0/24\","                        \
	"\"overlay_v6\":\"fd00:1:2::/48\",\"dns_domain\":\"lab.lightscale\","                      \
	"\"requires_approval\":false,\"key_rotation_max_age_seconds\":null}"
#define RULED                                                                                      \
	"{\"id\":\"n1\",\"name\":\"lab\",\"overlay_v4\":\"100.64.1.0/24\","                        \
	"\"overlay_v6\":\"fd00:1:2::/48\",\"dns_domain\":\"lab.lightscale\","                      \
	"\"requires_approval\":false,\"key_rotation_max_age_seconds\":null,"                       \
	"\"join\":\"admin\",\"revocation\":\"final\"}"
#define NODE                                                                                       \
	"{\"id\":\"me\",\"name\":\"me\",\"dns_name\":\"me.lab\",\"ipv4\":\"100.64.1.10\","         \
	"\"ipv6\":\"fd00:1:2::a\",\"wg_public_key\":" KEY_B ",\"endpoints\":[],\"tags\":[],"       \
	"\"routes\":[],\"last_seen\":5,\"machine_public_key\":" KEY_A                              \
	",\"owner_user_id\":null,\"owner_email\":null,\"owner_is_admin\":false,"                   \
	"\"approved\":true,\"key_rotation_required\":false,\"revoked\":false}"
#define NETMAP                                                                                     \
	"{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":[],\"relay\":null,"                  \
	"\"probe_requests\":[],\"generated_at\":1,\"revision\":2}"
#define TOKEN                                                                                      \
	"{\"token\":\"t\",\"expires_at\":9,\"uses_left\":3,\"tags\":[\"dev\"],"                    \
	"\"owner_user_id\":\"u\",\"owner_email\":null,\"owner_is_admin\":true,"                    \
	"\"revoked_at\":null}"

#define ROUTE "{\"prefix\":\"10.9.0.0/16\",\"kind\":\"subnet\"}"

typedef int (*recode_fn)(const json_t *json, struct ls_arena *arena, json_t **ret,
                         struct ls_fail *fail);

/* Decodes and encodes again with a type's own pair of functions. */
#define RECODE(type, decode, encode)                                                               \
	static int recode_##decode(const json_t *json, struct ls_arena *arena, json_t **ret,       \
	                           struct ls_fail *fail)                                           \
	{                                                                                          \
		struct type value;                                                                 \
		int r = decode(json, arena, &value, fail);                                         \
		if (r == 0)                                                                        \
			*ret = encode(&value);                                                     \
		return r;                                                                          \
	}
/* The same for those that need no arena. */
#define RECODE_PLAIN(type, decode, encode)                                                         \
	static int recode_##decode(const json_t *json, struct ls_arena *arena, json_t **ret,       \
	                           struct ls_fail *fail)                                           \
	{                                                                                          \
		struct type value = {0};                                                           \
		int r = decode(json, &value, fail);                                                \
		(void)arena;                                                                       \
		if (r == 0)                                                                        \
			*ret = encode(&value);                                                     \
		return r;                                                                          \
	}

RECODE(acl_policy, proto_acl_policy_decode, proto_acl_policy_encode)
RECODE(acl_policy, proto_acl_request_decode, proto_acl_request_encode)
RECODE(enrollment_token, proto_enrollment_token_decode, proto_enrollment_token_encode)
RECODE(enrollment_token, proto_token_create_answer_decode, proto_token_create_answer_encode)
RECODE(enrollment_token_list, proto_token_list_decode, proto_token_list_encode)
RECODE(token_create, proto_token_create_decode, proto_token_create_encode)
RECODE(network_create, proto_network_create_decode, proto_network_create_encode)
RECODE(network_create_answer, proto_network_create_answer_decode,
       proto_network_create_answer_encode)
RECODE(network_list, proto_network_list_decode, proto_network_list_encode)
RECODE(network_rules_given, proto_network_update_decode, proto_network_update_encode)
RECODE(network_details, proto_network_answer_decode, proto_network_answer_encode)
RECODE_PLAIN(key_policy, proto_key_policy_decode, proto_key_policy_encode)
RECODE_PLAIN(key_policy, proto_key_policy_answer_decode, proto_key_policy_answer_encode)
RECODE(register_request, proto_register_request_decode, proto_register_request_encode)
RECODE(register_url_request, proto_register_url_request_decode, proto_register_url_request_encode)
RECODE(register_url_answer, proto_register_url_answer_decode, proto_register_url_answer_encode)
RECODE(approval_answer, proto_approval_answer_decode, proto_approval_answer_encode)
RECODE(heartbeat, proto_heartbeat_decode, proto_heartbeat_encode)
RECODE(node_list, proto_node_list_decode, proto_node_list_encode)
RECODE(node_update, proto_node_update_decode, proto_node_update_encode)
RECODE(node_info, proto_node_answer_decode, proto_node_answer_encode)
RECODE_PLAIN(key_rotation, proto_key_rotation_decode, proto_key_rotation_encode)
RECODE(key_rotation, proto_key_rotation_answer_decode, proto_key_rotation_encode)
RECODE(key_history, proto_key_history_decode, proto_key_history_encode)
RECODE(node_removal, proto_node_removal_decode, proto_node_removal_encode)
RECODE(audit_log, proto_audit_log_decode, proto_audit_log_encode)

static int recode_register_answer(const json_t *json, struct ls_arena *arena, json_t **ret,
                                  struct ls_fail *fail)
{
	struct register_answer answer;
	int r = proto_register_answer_decode(json, arena, &answer, fail);

	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:o}", "node_token", answer.node_token, "netmap",
	                 proto_netmap_encode(answer.netmap));
	proto_netmap_free(answer.netmap);
	return 0;
}

static int recode_heartbeat_answer(const json_t *json, struct ls_arena *arena, json_t **ret,
                                   struct ls_fail *fail)
{
	struct netmap *netmap;
	int r = proto_heartbeat_answer_decode(json, &netmap, fail);

	(void)arena;
	if (r < 0)
		return r;
	*ret = json_pack("{s:o}", "netmap", proto_netmap_encode(netmap));
	proto_netmap_free(netmap);
	return 0;
}

static json_t *parse(const char *text)
{
	struct ls_fail fail = {0};
	json_t *json = NULL;

	if (json_parse(text, strlen(text), 1 << 20, "test", &json, &fail) < 0)
		fail_msg("%s", fail.text);
	return json;
}

static void round_trips(void **state)
{
	static const struct {
		recode_fn recode;
		const char *text;
	} cases[] = {
	        {recode_proto_acl_policy_decode, "{\"default_action\":\"allow\",\"rules\":[]}"},
	        {recode_proto_acl_request_decode,
	         "{\"policy\":{\"default_action\":\"deny\",\"rules\":[{\"action\":\"allow\","
	         "\"src\":{\"any\":true,\"tags\":[],\"node_ids\":[],\"names\":[]},"
	         "\"dst\":{\"any\":false,\"tags\":[\"a\"],\"node_ids\":[\"b\"],"
	         "\"names\":[\"c\"]}}]}}"},
	        {recode_proto_enrollment_token_decode, TOKEN},
	        {recode_proto_token_create_answer_decode, "{\"token\":" TOKEN "}"},
	        {recode_proto_token_list_decode, "{\"tokens\":[" TOKEN "," TOKEN "]}"},
	        {recode_proto_token_create_decode,
	         "{\"ttl_seconds\":60,\"uses\":2,\"tags\":[\"a\"],"
	         "\"owner_user_id\":\"u\",\"owner_email\":\"e@x\","
	         "\"owner_is_admin\":false}"},
	        {recode_proto_network_create_decode,
	         "{\"name\":\"lab\",\"overlay_v4\":\"10.9.0.0/16\",\"overlay_v6\":\"fd11::/64\","
	         "\"dns_domain\":\"lab.example\",\"requires_approval\":true,"
	         "\"key_rotation_max_age_seconds\":60,\"join\":\"off\",\"revocation\":\"final\","
	         "\"bootstrap_token_ttl_seconds\":5,"
	         "\"bootstrap_token_uses\":7,\"bootstrap_token_tags\":[\"x\"]}"},
	        {recode_proto_network_create_answer_decode,
	         "{\"network\":" NETWORK ",\"bootstrap_token\":" TOKEN "}"},
	        {recode_proto_network_create_answer_decode,
	         "{\"network\":" NETWORK ",\"bootstrap_token\":null}"},
	        {recode_proto_network_list_decode, "{\"networks\":[" NETWORK "," NETWORK "]}"},
	        {recode_proto_network_list_decode, "{\"networks\":[]}"},
	        {recode_proto_network_list_decode, "{\"networks\":[" RULED "]}"},
	        {recode_proto_network_answer_decode, "{\"network\":" RULED "}"},
	        {recode_proto_network_update_decode, "{\"join\":\"link\"}"},
	        {recode_proto_network_update_decode, "{\"revocation\":\"rotate\"}"},
	        {recode_proto_key_policy_decode, "{\"max_age_seconds\":null}"},
	        {recode_proto_key_policy_answer_decode, "{\"policy\":{\"max_age_seconds\":5}}"},
	        {recode_proto_register_request_decode,
	         "{\"token\":\"t\",\"node_name\":\"laptop-1\"," KEYS "}"},
	        {recode_register_answer, "{\"node_token\":\"t\",\"netmap\":" NETMAP "}"},
	        {recode_proto_register_url_request_decode,
	         "{\"network_id\":\"n\",\"node_name\":\"a\"," KEYS ",\"ttl_seconds\":600}"},
	        {recode_proto_register_url_answer_decode,
	         "{\"node_id\":\"i\",\"network_id\":\"n\",\"ipv4\":\"100.64.1.10\","
	         "\"ipv6\":\"fd00::a\",\"auth_path\":\"/v1/x\",\"expires_at\":9,"
	         "\"node_token\":\"t\"}"},
	        {recode_proto_approval_answer_decode,
	         "{\"node_id\":\"i\",\"approved\":true,\"approved_at\":9}"},
	        {recode_proto_approval_answer_decode,
	         "{\"node_id\":\"i\",\"approved\":false,\"approved_at\":null}"},
	        {recode_proto_heartbeat_decode,
	         "{\"node_id\":\"i\",\"endpoints\":[\"192.0.2.1:5\",\"[2001:db8::1]:6\","
	         "\"vpn.example.com:7\"],\"listen_port\":51820,\"routes\":[{\"prefix\":"
	         "\"10.0.0.0/8\",\"kind\":\"subnet\",\"enabled\":true,\"mapped_prefix\":null}],"
	         "\"probe\":true}"},
	        {recode_heartbeat_answer, "{\"netmap\":" NETMAP "}"},
	        {recode_proto_node_list_decode, "{\"nodes\":[" NODE "," NODE "]}"},
	        {recode_proto_node_update_decode, "{\"name\":\"b\",\"tags\":[]}"},
	        {recode_proto_node_update_decode, "{\"tags\":[\"a\",\"b\"]}"},
	        {recode_proto_node_answer_decode, "{\"node\":" NODE "}"},
	        {recode_proto_key_rotation_decode, "{\"wg_public_key\":" KEY_A "}"},
	        {recode_proto_key_rotation_answer_decode, "{\"node_id\":\"i\"," KEYS "}"},
	        {recode_proto_key_history_decode,
	         "{\"node_id\":\"i\",\"keys\":[{\"key_type\":\"wire_guard\",\"public_key\":" KEY_A
	         ",\"created_at\":1,\"revoked_at\":null},{\"key_type\":\"machine\","
	         "\"public_key\":" KEY_B ",\"created_at\":1,\"revoked_at\":2}]}"},
	        {recode_proto_node_removal_decode, "{\"node_id\":\"i\",\"revoked_at\":4}"},
	        {recode_proto_node_removal_decode,
	         "{\"node_id\":\"i\",\"revoked_at\":4,\"join\":\"off\",\"revocation\":\"rotate\"}"},
	        {recode_proto_audit_log_decode,
	         "{\"entries\":[{\"id\":\"1\",\"timestamp\":2,\"network_id\":\"n\","
	         "\"node_id\":null,\"action\":\"acl.update\",\"detail\":null,\"actor\":\"node\","
	         "\"actor_id\":\"i\",\"source\":\"::1\"},{\"id\":\"2\",\"timestamp\":2,"
	         "\"network_id\":null,\"node_id\":null,\"action\":\"x\",\"detail\":\"d\","
	         "\"actor\":null,\"actor_id\":null,\"source\":null}]}"},
	        /* Details are objects in v1; others are read, too. */
	        {recode_proto_audit_log_decode,
	         "{\"entries\":[{\"id\":\"1\",\"timestamp\":2,\"network_id\":null,"
	         "\"node_id\":null,\"action\":\"x\",\"detail\":{\"uses\":1,\"tags\":[\"a\"]},"
	         "\"actor\":null,\"actor_id\":null,\"source\":null},{\"id\":\"2\","
	         "\"timestamp\":2,\"network_id\":null,\"node_id\":null,\"action\":\"x\","
	         "\"detail\":[1,{}],\"actor\":null,\"actor_id\":null,\"source\":null}]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ls_arena *arena = ls_arena_new(1 << 20);
		json_t *before = parse(cases[i].text), *after = NULL;
		struct ls_fail fail = {0};
		char *text;

		if (cases[i].recode(before, arena, &after, &fail) < 0)
			fail_msg("%s: %s", cases[i].text, fail.text);
		text = json_text(after, NULL);
		assert_string_equal(text, cases[i].text);
		free(text);
		json_decref(before);
		json_decref(after);
		ls_arena_free(arena);
	}
}

static void absent_fields_have_defaults(void **state)
{
	static const struct {
		recode_fn recode;
		const char *text;
		const char *expected;
	} cases[] = {
	        {recode_proto_acl_policy_decode, "{}",
	         "{\"default_action\":\"allow\",\"rules\":[]}"},
	        {recode_proto_acl_policy_decode, "{\"rules\":[{\"action\":\"deny\",\"dst\":null}]}",
	         "{\"default_action\":\"allow\",\"rules\":[{\"action\":\"deny\","
	         "\"src\":{\"any\":false,\"tags\":[],\"node_ids\":[],\"names\":[]},"
	         "\"dst\":{\"any\":false,\"tags\":[],\"node_ids\":[],\"names\":[]}}]}"},
	        {recode_proto_acl_policy_decode,
	         "{\"rules\":[{\"action\":\"deny\",\"src\":{},\"dst\":{}}]}",
	         "{\"default_action\":\"allow\",\"rules\":[{\"action\":\"deny\","
	         "\"src\":{\"any\":false,\"tags\":[],\"node_ids\":[],\"names\":[]},"
	         "\"dst\":{\"any\":false,\"tags\":[],\"node_ids\":[],\"names\":[]}}]}"},
	        {recode_proto_network_create_decode, "{\"name\":\"lab\",\"future\":[{}]}",
	         "{\"name\":\"lab\",\"requires_approval\":false}"},
	        {recode_proto_network_create_decode,
	         "{\"name\":\"lab\",\"bootstrap_token_ttl_seconds\":9}",
	         "{\"name\":\"lab\",\"requires_approval\":false,"
	         "\"bootstrap_token_ttl_seconds\":9,\"bootstrap_token_uses\":1,"
	         "\"bootstrap_token_tags\":[]}"},
	        {recode_proto_register_url_request_decode,
	         "{\"network_id\":\"n\",\"node_name\":\"a\"," KEYS "}",
	         "{\"network_id\":\"n\",\"node_name\":\"a\"," KEYS ",\"ttl_seconds\":600}"},
	        {recode_proto_heartbeat_decode, "{\"node_id\":\"i\",\"probe\":false}",
	         "{\"node_id\":\"i\",\"endpoints\":[],\"listen_port\":null,\"routes\":[],"
	         "\"probe\":null}"},
	        {recode_proto_heartbeat_decode,
	         "{\"node_id\":\"i\",\"routes\":[{\"prefix\":\"10.1.2.3/8\",\"kind\":\"subnet\"}]}",
	         "{\"node_id\":\"i\",\"endpoints\":[],\"listen_port\":null,\"routes\":[{"
	         "\"prefix\":\"10.0.0.0/8\",\"kind\":\"subnet\",\"enabled\":true,"
	         "\"mapped_prefix\":null}],\"probe\":null}"},
	        {recode_proto_node_removal_decode, "{\"node_id\":\"i\"}", "{\"node_id\":\"i\"}"},
	        /* A server that does not say who. */
	        {recode_proto_audit_log_decode,
	         "{\"entries\":[{\"id\":\"1\",\"timestamp\":2,\"action\":\"x\"}]}",
	         "{\"entries\":[{\"id\":\"1\",\"timestamp\":2,\"network_id\":null,"
	         "\"node_id\":null,\"action\":\"x\",\"detail\":null,\"actor\":null,"
	         "\"actor_id\":null,\"source\":null}]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ls_arena *arena = ls_arena_new(1 << 20);
		json_t *before = parse(cases[i].text), *after = NULL;
		char *text;

		assert_int_equal(cases[i].recode(before, arena, &after, NULL), 0);
		text = json_text(after, NULL);
		assert_string_equal(text, cases[i].expected);
		free(text);
		json_decref(before);
		json_decref(after);
		ls_arena_free(arena);
	}
}

static const struct {
	recode_fn recode;
	const char *text;
	const char *message;
} bad[] = {
        {recode_proto_acl_policy_decode, "{\"default_action\":\"maybe\"}",
         "policy: default_action: neither \"allow\" nor \"deny\""},
        {recode_proto_acl_policy_decode, "{\"rules\":[{\"src\":{},\"dst\":{}}]}",
         "policy: rules[0].action: missing"},
        {recode_proto_acl_policy_decode, "{\"rules\":[{\"action\":\"deny\",\"src\":[]}]}",
         "policy: rules[0].src: not an object"},
        {recode_proto_acl_request_decode,
         "{\"policy\":{\"rules\":[{\"action\":\"deny\",\"src\":{\"tags\":\"a\"}}]}}",
         "body: policy.rules[0].src.tags: not an array"},
        {recode_proto_acl_request_decode, "{}", "body: policy: missing"},
        {recode_proto_token_create_decode, "[]", "body: not an object"},
        {recode_proto_token_create_decode, "{\"uses\":1}", "body: ttl_seconds: missing"},
        {recode_proto_token_create_decode, "{\"ttl_seconds\":0,\"uses\":1}",
         "body: ttl_seconds: must not be 0"},
        {recode_proto_token_create_decode, "{\"ttl_seconds\":1,\"uses\":0}",
         "body: uses: must not be 0"},
        {recode_proto_token_create_decode, "{\"ttl_seconds\":1,\"uses\":1000001}",
         "body: uses: larger than 1000000"},
        {recode_proto_token_create_decode, "{\"ttl_seconds\":1,\"uses\":1,\"tags\":[\"a b\"]}",
         "body: tags[0]: tag must not have blanks or commas"},
        {recode_proto_token_create_decode, "{\"ttl_seconds\":1,\"uses\":1,\"tags\":[\"\"]}",
         "body: tags[0]: tag is empty"},
        {recode_proto_token_create_decode, "{\"ttl_seconds\":\"1\",\"uses\":1}",
         "body: ttl_seconds: not a whole number"},
        {recode_proto_network_create_decode, "{}", "body: name: missing"},
        {recode_proto_network_create_decode, "{\"name\":\"  \"}",
         "body: name: network name is empty"},
        {recode_proto_network_create_decode, "{\"name\":\"a\\nb\"}",
         "body: name: holds control characters"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"overlay_v4\":\"10.0.0.1/24\"}",
         "body: overlay_v4: has bits set after its prefix length"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"overlay_v4\":\"10.0.0.0/31\"}",
         "body: overlay_v4: longer than /30 leaves no room for nodes"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"overlay_v4\":\"fd00::/64\"}",
         "body: overlay_v4: not an IPv4 prefix"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"dns_domain\":\"x..y\"}",
         "body: dns_domain: DNS domain has an empty label"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"bootstrap_token_uses\":0}",
         "body: bootstrap_token_uses: must not be 0"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"key_rotation_max_age_seconds\":0}",
         "body: key_rotation_max_age_seconds: must not be 0"},
        {recode_proto_network_create_decode, "{\"name\":\"a\",\"join\":\"open\"}",
         "body: join: none of \"link\", \"admin\", \"off\""},
        {recode_proto_network_update_decode, "{}", "body: neither join nor revocation given"},
        {recode_proto_network_update_decode, "{\"revocation\":\"never\"}",
         "body: revocation: neither \"final\" nor \"rotate\""},
        {recode_proto_network_update_decode, "{\"join\":true}", "body: join: not a string"},
        {recode_proto_key_policy_decode, "{\"max_age_seconds\":0}",
         "body: max_age_seconds: must not be 0; null turns key ageing off"},
        {recode_proto_register_request_decode, "{\"node_name\":\"a\"," KEYS "}",
         "body: token: missing"},
        {recode_proto_node_update_decode, "{\"name\":\"a_b\"}",
         "body: name: node name may only have letters, digits and hyphens, to be "
         "usable in DNS"},
        {recode_proto_node_update_decode, "{\"name\":\"-a\"}",
         "body: name: node name must not start or end with a hyphen"},
        {recode_proto_register_request_decode, "{\"token\":\"t\",\"node_name\":\"_\"," KEYS "}",
         "body: node_name: no letter or digit in it, so that no DNS label can be made of it"},
        {recode_proto_register_request_decode,
         "{\"token\":\"t\",\"node_name\":\"a\",\"machine_public_key\":" KEY_A "}",
         "body: wg_public_key: missing"},
        {recode_proto_register_request_decode,
         "{\"token\":\"t\",\"node_name\":\"a\",\"machine_public_key\":" KEY_A
         ",\"wg_public_key\":" ZERO "}",
         "body: wg_public_key: all zero is no public key"},
        {recode_register_answer, "{\"node_token\":\"t\"}", "answer: netmap: missing"},
        {recode_proto_register_url_request_decode,
         "{\"network_id\":\"n\",\"node_name\":\"a\"," KEYS ",\"ttl_seconds\":0}",
         "body: ttl_seconds: must not be 0"},
        {recode_proto_register_url_answer_decode,
         "{\"node_id\":\"i\",\"network_id\":\"n\",\"ipv4\":\"100.64.1.10\","
         "\"ipv6\":\"fd00::a\",\"auth_path\":\"v1/x\",\"expires_at\":9,"
         "\"node_token\":\"t\"}",
         "answer: auth_path: not an absolute path"},
        {recode_proto_heartbeat_decode, "{}", "body: node_id: missing"},
        {recode_proto_heartbeat_decode, "{\"node_id\":\"i\",\"listen_port\":65536}",
         "body: listen_port: larger than 65535"},
        {recode_proto_heartbeat_decode, "{\"node_id\":\"i\",\"routes\":[{\"kind\":\"subnet\"}]}",
         "body: routes[0].prefix: missing"},
        {recode_proto_heartbeat_decode, "{\"node_id\":\"i\",\"probe\":1}",
         "body: probe: neither true nor false"},
        {recode_proto_node_update_decode, "{}", "body: neither name nor tags given"},
        {recode_proto_node_update_decode, "{\"name\":\"\"}", "body: name: empty"},
        {recode_proto_key_rotation_decode, "{}",
         "body: neither machine_public_key nor wg_public_key given"},
        {recode_proto_key_rotation_decode, "{\"wg_public_key\":\"AAAA\"}",
         "body: wg_public_key: not a base64 key of 32 bytes"},
        {recode_proto_key_history_decode,
         "{\"node_id\":\"i\",\"keys\":[{\"key_type\":\"x\",\"public_key\":" KEY_A
         ",\"created_at\":1}]}",
         "answer: keys[0].key_type: neither \"machine\" nor \"wire_guard\""},
};

static void bad_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ls_arena *arena = ls_arena_new(1 << 20);
		json_t *before = parse(bad[i].text), *after = NULL;
		struct ls_fail fail = {0};

		assert_true(bad[i].recode(before, arena, &after, &fail) < 0);
		assert_string_equal(fail.text, bad[i].message);
		assert_null(after);
		json_decref(before);
		ls_arena_free(arena);
	}
}

/* What of a heartbeat cannot be taken is dropped, so that the rest of it is. */
static void bad_parts_of_a_heartbeat(void **state)
{
	static const struct {
		const char *members;
		const char *warning;
	} rows[] = {
	        {"\"endpoints\":[\"1.2.3.4\",\"1.2.3.4:5\"]",
	         "endpoint 1.2.3.4 is left out: it is not host:port"},
	        {"\"endpoints\":[\"1.2.3.4:5\",\"1.2.3.400:5\"]",
	         "endpoint 1.2.3.400:5 is left out: it is not host:port"},
	        {"\"routes\":[{\"prefix\":\"10.0.0.1/33\",\"kind\":\"subnet\"}," ROUTE "]",
	         "route 10.0.0.1/33 is left out: not an IP prefix"},
	        {"\"routes\":[" ROUTE ",{\"prefix\":\"10.0.0.0/8\",\"kind\":\"exit\"}]",
	         "route 10.0.0.0/8 is left out: an exit route is 0.0.0.0/0 or ::/0"},
	        {"\"routes\":[{\"prefix\":\"0.0.0.0/0\",\"kind\":\"subnet\"}," ROUTE "]",
	         "route 0.0.0.0/0 is left out: a default route must be of kind \"exit\" "
	         "(--exit-node)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ls_arena *arena = ls_arena_new(1 << 20);
		struct heartbeat heartbeat;
		struct ls_fail fail = {0};
		struct ls_buf text = {0};
		json_t *json;

		ls_buf_printf(&text, "{\"node_id\":\"i\",%s}", rows[i].members);
		json = parse(ls_buf_text(&text));
		if (proto_heartbeat_decode(json, arena, &heartbeat, &fail) < 0)
			fail_msg("%s", fail.text);
		assert_int_equal(heartbeat.endpoints.count + heartbeat.routes.count, 1);
		assert_int_equal(heartbeat.warnings.count, 1);
		assert_string_equal(heartbeat.warnings.items[0], rows[i].warning);
		json_decref(json);
		ls_buf_done(&text);
		ls_arena_free(arena);
	}
}

static void more_than_the_limits(void **state)
{
	struct ls_arena *arena = ls_arena_new(1 << 20), *tiny = ls_arena_new(64);
	struct ls_buf text = {0};
	struct heartbeat heartbeat;
	struct ls_fail fail = {0};
	json_t *json;

	(void)state;
	ls_buf_puts(&text, "{\"node_id\":\"i\",\"endpoints\":[\"1.2.3.4:5\"");
	for (int i = 0; i < 32; i++)
		ls_buf_puts(&text, ",\"1.2.3.4:5\"");
	ls_buf_puts(&text, "]}");
	json = parse(ls_buf_text(&text));
	assert_int_equal(proto_heartbeat_decode(json, arena, &heartbeat, &fail), LS_ERROR_LIMIT);
	assert_string_equal(fail.text, "body: endpoints: 33 entries; at most 32 are allowed");
	assert_int_equal(json_array_remove(json_object_get(json, "endpoints"), 0), 0);
	assert_int_equal(proto_heartbeat_decode(json, tiny, &heartbeat, &fail), LS_ERROR_LIMIT);
	assert_string_equal(fail.text, "the document needs too much memory");
	assert_int_equal(proto_heartbeat_decode(json, arena, &heartbeat, &fail), 0);
	json_decref(json);
	ls_buf_reset(&text);
	ls_buf_puts(&text, "{\"node_id\":\"");
	for (int i = 0; i < 65; i++)
		ls_buf_puts(&text, "x");
	ls_buf_puts(&text, "\"}");
	json = parse(ls_buf_text(&text));
	assert_int_equal(proto_heartbeat_decode(json, arena, &heartbeat, &fail), LS_ERROR_LIMIT);
	assert_string_equal(fail.text, "body: node_id: 65 bytes long; at most 64 are allowed");
	json_decref(json);
	ls_buf_done(&text);
	ls_arena_free(arena);
	ls_arena_free(tiny);
}

/* Servers only write it. */
static void topology_is_encoded(void **state)
{
	static const char *const urls[] = {"http://a"};
	static const struct mesh_peer peers[] = {{.id = "b", .addr = "c:1"}};
	const struct topology topology = {.control_urls = {urls, 1},
	                                  .mesh_peers = peers,
	                                  .mesh_peer_count = 1,
	                                  .generated_at = 3};
	json_t *wanted = parse("{\"control_urls\":[\"http://a\"],\"mesh_server_id\":null,"
	                       "\"mesh_peers\":[{\"id\":\"b\",\"addr\":\"c:1\"}],"
	                       "\"generated_at\":3}");
	json_t *json = proto_topology_encode(&topology);

	(void)state;
	assert_true(json_equal(json, wanted));
	json_decref(json);
	json_decref(wanted);
}

static void error_bodies(void **state)
{
	json_t *error = proto_error_body_encode("no such \"node\""),
	       *other = parse("{\"error\":7}");

	(void)state;
	assert_string_equal(proto_error_body_text(error), "no such \"node\"");
	assert_null(proto_error_body_text(other));
	assert_null(proto_error_body_text(NULL));
	json_decref(error);
	json_decref(other);
}

static void test_text_of_any_value(void **state)
{
	json_t *null = json_null();
	size_t len = 0;
	char *text = json_text(null, &len);

	(void)state;
	assert_string_equal(text, "null");
	assert_int_equal(len, 4);
	free(text);
	json_decref(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text_of_any_value),
	        cmocka_unit_test(round_trips),
	        cmocka_unit_test(absent_fields_have_defaults),
	        cmocka_unit_test(bad_messages),
	        cmocka_unit_test(bad_parts_of_a_heartbeat),
	        cmocka_unit_test(more_than_the_limits),
	        cmocka_unit_test(topology_is_encoded),
	        cmocka_unit_test(error_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
