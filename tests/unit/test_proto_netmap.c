/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "proto/limits.h"
#include "proto/netmap.h"
#include "json/json.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define NETWORK                                                                                    \
	"\"network\":{\"id\":\"n1\",\"name\":\"lab\",\"overlay_v4\":\"100.64.1.0/24\","            \
	"\"overlay_v6\":\"fd00:1:2::/48\",\"dns_domain\":\"lab.lightscale\"}"
#define COMMON(id, key)                                                                            \
	"\"id\":\"" id "\",\"name\":\"" id "\",\"dns_name\":\"" id ".lab.lightscale\","            \
	"\"ipv4\":\"100.64.1.10\",\"ipv6\":\"fd00:1:2::a\",\"wg_public_key\":\"" key "\""
#define NODE                "\"node\":{" COMMON("me", KEY_A) ",\"machine_public_key\":\"" KEY_B "\"}"
#define PEER_ROUTES(routes) "{" COMMON("peer", KEY_B) ",\"routes\":[" routes "]}"

static int decode_text(const char *text, struct netmap **ret, struct ls_fail *fail)
{
	json_t *json = NULL;
	int r = json_parse(text, strlen(text), LIMIT_NETMAP_BYTES, "netmap", &json, fail);

	if (r < 0)
		return r;
	r = proto_netmap_decode(json, ret, fail);
	json_decref(json);
	return r;
}

static struct netmap *must_decode(const char *text)
{
	struct ls_fail fail = {0};
	struct netmap *map = NULL;

	if (decode_text(text, &map, &fail) < 0)
		fail_msg("%s", fail.text);
	return map;
}

static void defaults_of_absent_fields(void **state)
{
	struct netmap *map = must_decode("{" NETWORK "," NODE ",\"peers\":[],\"new\":{\"x\":1}}");

	(void)state;
	assert_string_equal(map->network.id, "n1");
	assert_false(map->network.requires_approval);
	assert_false(map->network.has_key_max_age);
	assert_true(map->node.approved);
	assert_false(map->node.revoked);
	assert_true(proto_node_is_active(&map->node));
	assert_null(map->node.owner_email);
	assert_int_equal(map->peer_count, 0);
	assert_false(map->has_relay);
	assert_int_equal(map->revision, 0);
	proto_netmap_free(map);
}

static const char full[] =
        "{\"network\":{\"id\":\"n1\",\"name\":\"lab\",\"overlay_v4\":\"100.64.1.0/24\","
        "\"overlay_v6\":\"fd00:1:2::/48\",\"dns_domain\":\"lab.lightscale\","
        "\"requires_approval\":true,\"key_rotation_max_age_seconds\":86400},"
        "\"node\":{\"id\":\"me\",\"name\":\"me\",\"dns_name\":\"me.lab.lightscale\","
        "\"ipv4\":\"100.64.1.10\",\"ipv6\":\"fd00:1:2::a\",\"wg_public_key\":\"" KEY_A "\","
        "\"endpoints\":[],\"tags\":[\"dev\"],\"routes\":[],\"last_seen\":5,"
        "\"machine_public_key\":\"" KEY_B "\",\"owner_user_id\":\"u1\",\"owner_email\":null,"
        "\"owner_is_admin\":true,\"approved\":false,\"key_rotation_required\":true,"
        "\"revoked\":false},"
        "\"peers\":[{\"id\":\"p1\",\"name\":\"p1\",\"dns_name\":\"p1.lab.lightscale\","
        "\"ipv4\":\"100.64.1.11\",\"ipv6\":\"fd00:1:2::b\",\"wg_public_key\":\"" KEY_B "\","
        "\"endpoints\":[\"192.0.2.1:51820\",\"[2001:db8::1]:51820\"],\"tags\":[],"
        "\"routes\":[{\"prefix\":\"10.0.0.0/8\",\"kind\":\"subnet\",\"enabled\":true,"
        "\"mapped_prefix\":\"11.0.0.0/8\"},{\"prefix\":\"::/0\",\"kind\":\"exit\","
        "\"enabled\":false,\"mapped_prefix\":null}],\"last_seen\":7}],"
        "\"relay\":{\"stun_servers\":[\"192.0.2.9:3478\"],\"turn_servers\":[],"
        "\"stream_relay_servers\":[\"relay.example.com:443\"],\"udp_relay_servers\":[],"
        "\"dns_servers\":[]},"
        "\"probe_requests\":[{\"peer_id\":\"p1\",\"endpoints\":[\"192.0.2.1:1\"],"
        "\"ipv4\":\"100.64.1.11\",\"ipv6\":\"fd00:1:2::b\",\"requested_at\":9}],"
        "\"generated_at\":1700000000,\"revision\":42}";

static void round_trip_is_exact(void **state)
{
	struct netmap *map = must_decode(full);
	json_t *before = NULL, *after = proto_netmap_encode(map);

	(void)state;
	assert_int_equal(json_parse(full, strlen(full), sizeof(full), "x", &before, NULL), 0);
	assert_true(json_equal(before, after));
	assert_false(proto_node_is_active(&map->node));
	assert_int_equal(map->peers[0].routes.count, 2);
	assert_true(map->peers[0].routes.items[0].has_mapped);
	assert_int_equal(map->peers[0].routes.items[1].kind, ROUTE_EXIT);
	assert_string_equal(map->probes[0].endpoints.items[0], "192.0.2.1:1");
	json_decref(before);
	json_decref(after);
	proto_netmap_free(map);
}

static void errors_name_the_field(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *message;
	} cases[] = {
	        {"[]", LS_ERROR_SYNTAX, "netmap: not an object"},
	        {"{}", LS_ERROR_SYNTAX, "netmap: network: missing"},
	        {"{" NETWORK "}", LS_ERROR_SYNTAX, "netmap: node: missing"},
	        {"{" NETWORK "," NODE "}", LS_ERROR_SYNTAX, "netmap: peers: missing"},
	        {"{" NETWORK "," NODE ",\"peers\":{}}", LS_ERROR_SYNTAX,
	         "netmap: peers: not an array"},
	        {"{" NETWORK "," NODE ",\"peers\":[null]}", LS_ERROR_SYNTAX,
	         "netmap: peers[0]: missing"},
	        {"{" NETWORK "," NODE ",\"peers\":[{\"id\":\"p\",\"name\":\"p\",\"dns_name\":\"p\","
	         "\"ipv4\":\"100.64.1.10\",\"ipv6\":\"fd00:1:2::a\",\"wg_public_key\":5}]}",
	         LS_ERROR_SYNTAX, "netmap: peers[0].wg_public_key: not a string"},
	        {"{" NETWORK "," NODE ",\"peers\":[],\"revision\":-1}", LS_ERROR_BAD_VALUE,
	         "netmap: revision: negative"},
	        {"{" NETWORK "," NODE ",\"peers\":[],\"revision\":1.5}", LS_ERROR_SYNTAX,
	         "netmap: revision: not a whole number"},
	        {"{" NETWORK "," NODE ",\"peers\":[],\"relay\":{\"dns_servers\":[1]}}",
	         LS_ERROR_SYNTAX, "netmap: relay.dns_servers[0]: not a string"},
	        {"{\"network\":{\"id\":\"a\\u0007\"}}", LS_ERROR_BAD_VALUE,
	         "netmap: network.id: holds control characters"},
	        {"{\"network\":{\"id\":\"a\\u009b\"}}", LS_ERROR_BAD_VALUE,
	         "netmap: network.id: holds control characters"},
	        {"{\"network\":{\"id\":\"\"}}", LS_ERROR_BAD_VALUE, "netmap: network.id: empty"},
	        {"{\"network\":{\"id\":7}}", LS_ERROR_SYNTAX, "netmap: network.id: not a string"},
	        {"{\"network\":{\"id\":\"n\",\"id\":\"m\"}}", LS_ERROR_SYNTAX,
	         "netmap: line 1, column 25: duplicate object key"},
	        {"{\"network\":{\"id\":\"a\\u0000\"}}", LS_ERROR_SYNTAX,
	         "netmap: line 1, column 26: \\u0000 is not allowed"},
	        {"{\"network\":\n nope", LS_ERROR_SYNTAX,
	         "netmap: line 2, column 5: invalid token"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netmap *map = NULL;
		struct ls_fail fail = {0};

		assert_int_equal(decode_text(cases[i].text, &map, &fail), cases[i].code);
		assert_string_equal(fail.text, cases[i].message);
		assert_null(map);
	}
}

static void unusable_routes_are_dropped(void **state)
{
	static const char *const bad[] = {
	        "{\"prefix\":\"nonsense\",\"kind\":\"subnet\",\"enabled\":true}",
	        "{\"prefix\":\"10.0.0.0/8\",\"kind\":\"detour\",\"enabled\":true}",
	        "{\"prefix\":\"10.0.0.0/8\",\"kind\":\"exit\",\"enabled\":true}",
	        "{\"prefix\":\"0.0.0.0/0\",\"kind\":\"subnet\",\"enabled\":true}",
	        "{\"prefix\":\"10.0.0.0/8\",\"kind\":\"subnet\",\"mapped_prefix\":\"fd00::/8\"}",
	        "{\"prefix\":\"10.0.0.0/8\",\"kind\":\"subnet\",\"mapped_prefix\":\"11.0.0.0/9\"}",
	        "{\"prefix\":\"0.0.0.0/0\",\"kind\":\"exit\",\"mapped_prefix\":\"0.0.0.0/0\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ls_buf text = {0};
		struct netmap *map;

		ls_buf_printf(&text,
		              "{" NETWORK "," NODE ",\"peers\":[" PEER_ROUTES(
		                      "%s,{\"prefix\":\"10.1.2.3/8\",\"kind\":\"subnet\"}") "]}",
		              bad[i]);
		map = must_decode(ls_buf_text(&text));
		assert_int_equal(map->peers[0].routes.count, 1);
		assert_int_equal(map->peers[0].routes.items[0].prefix.ip.b[1], 0);
		proto_netmap_free(map);
		ls_buf_done(&text);
	}
}

/* A server that lets nodes call themselves anything must not cost the others their netmap, and
 * their terminals nothing. */
static void texts_are_masked(void **state)
{
	struct netmap *map = must_decode(
	        "{" NETWORK "," NODE
	        ",\"peers\":[{\"id\":\"p\",\"name\":\"\\u001b[2Jx\",\"dns_name\":"
	        "\"\",\"ipv4\":\"100.64.0.11\",\"ipv6\":\"fd00::b\",\"wg_public_key\":\"" KEY_B
	        "\",\"endpoints\":[\"a\\u0007:1\"],\"tags\":[\"\\u009bt\"]}]}");
	const struct peer_info *peer = &map->peers[0];

	(void)state;
	assert_string_equal(peer->name, "?[2Jx");
	assert_string_equal(peer->dns_name, "");
	assert_string_equal(peer->endpoints.items[0], "a?:1");
	assert_string_equal(peer->tags.items[0], "??t");
	proto_netmap_free(map);
}

/* Existing servers list peers in another order every time. */
static void peers_come_in_the_order_of_ids(void **state)
{
	struct netmap *map = must_decode("{" NETWORK "," NODE ",\"peers\":[{" COMMON(
	        "p2", KEY_B) "},{" COMMON("p3", KEY_B) "},{" COMMON("p1", KEY_B) "}]}");

	(void)state;
	assert_string_equal(map->peers[0].id, "p1");
	assert_string_equal(map->peers[1].id, "p2");
	assert_string_equal(map->peers[2].id, "p3");
	proto_netmap_free(map);
}

/* Existing servers take any text for a key. */
static void a_key_that_is_none(void **state)
{
	static const char *const none[] = {"short", "", "x\\u0007", "AQEB\u00e9"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct ls_buf text = {0};
		struct netmap *map;
		json_t *json;

		ls_buf_printf(&text,
		              "{" NETWORK "," NODE
		              ",\"peers\":[{" COMMON("p", "%s") "},{" COMMON("q", KEY_B) "}]}",
		              none[i]);
		map = must_decode(ls_buf_text(&text));
		assert_int_equal(map->peer_count, 2);
		assert_true(key_is_zero(map->peers[0].wg_public_key.b));
		json = proto_netmap_encode(map);
		assert_int_equal(json_array_size(json_object_get(json, "peers")), 1);
		json_decref(json);
		proto_netmap_free(map);
		ls_buf_done(&text);
	}
}

static void deep_and_long_documents_are_refused(void **state)
{
	char deep[256];
	struct ls_fail fail = {0};
	json_t *json = NULL;

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_int_equal(json_parse(deep, sizeof(deep), 1024, "body", &json, &fail),
	                 LS_ERROR_LIMIT);
	assert_string_equal(fail.text, "body: nested deeper than 64 levels");
	assert_int_equal(json_parse(deep, sizeof(deep), 10, "body", &json, &fail), LS_ERROR_LIMIT);
	assert_string_equal(fail.text, "body: larger than 10 bytes");
	/* Brackets inside of strings do not count. */
	memset(deep + 2, '[', sizeof(deep) - 4);
	deep[1] = deep[sizeof(deep) - 2] = '"';
	deep[sizeof(deep) - 1] = ']';
	assert_int_equal(json_parse(deep, sizeof(deep), 1024, "body", &json, &fail), 0);
	json_decref(json);
}

/* 3 bytes of text that take 300 of memory are counted before they are parsed. */
static void values_are_counted_before_they_are_built(void **state)
{
	const size_t count = 2000000;
	char *text = malloc(3 * count + 1);
	struct ls_fail fail = {0};
	json_t *json = NULL;

	(void)state;
	for (size_t i = 0; i < count; i++)
		memcpy(text + 3 * i, "{},", sizeof("{},"));
	text[0] = '[';
	text[3 * count] = ']';
	assert_int_equal(json_parse(text, 3 * count + 1, 3 * count + 1, "body", &json, &fail),
	                 LS_ERROR_LIMIT);
	assert_non_null(strstr(fail.text, "body: so many values"));
	/* Those of a string cost nothing. */
	memset(text, '{', 3 * count);
	text[0] = '[';
	text[1] = text[3 * count - 1] = '"';
	text[3 * count] = ']';
	assert_int_equal(json_parse(text, 3 * count + 1, 3 * count + 1, "body", &json, &fail), 0);
	json_decref(json);
	assert_int_equal(json_check_memory("[{},{}]", 7, 10000, "x", &fail), 0);
	assert_int_equal(json_check_memory("[{},{}]", 7, 600, "x", &fail), LS_ERROR_LIMIT);
	free(text);
}

static void syntax_errors_do_not_repeat_the_text(void **state)
{
	struct ls_fail fail = {0};
	json_t *json = NULL;
	const char *text = "{\"node_token\": \"hunter2\" \"x\"}";

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), 1024, "state", &json, &fail),
	                 LS_ERROR_SYNTAX);
	assert_null(strstr(fail.text, "hunter2"));
	assert_string_equal(fail.text, "state: line 1, column 28: '}' expected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_of_absent_fields),
	        cmocka_unit_test(round_trip_is_exact),
	        cmocka_unit_test(errors_name_the_field),
	        cmocka_unit_test(unusable_routes_are_dropped),
	        cmocka_unit_test(texts_are_masked),
	        cmocka_unit_test(peers_come_in_the_order_of_ids),
	        cmocka_unit_test(a_key_that_is_none),
	        cmocka_unit_test(deep_and_long_documents_are_refused),
	        cmocka_unit_test(values_are_counted_before_they_are_built),
	        cmocka_unit_test(syntax_errors_do_not_repeat_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
