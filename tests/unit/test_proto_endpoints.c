/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of requests, built from the table of endpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/endpoints.h"

static void test_paths(void **state)
{
	static const struct {
		enum proto_endpoint endpoint;
		const char *params[PROTO_ENDPOINT_PARAMS_MAX];
		const char *path;
	} cases[] = {
	        {PROTO_ENDPOINT_HEARTBEAT, {NULL}, "/v1/heartbeat"},
	        {PROTO_ENDPOINT_NETMAP, {"n1"}, "/v1/netmap/n1"},
	        {PROTO_ENDPOINT_LONGPOLL, {"n1"}, "/v1/netmap/n1/longpoll"},
	        {PROTO_ENDPOINT_NODE_LIST, {"a/b ?"}, "/v1/admin/networks/a%2Fb%20%3F/nodes"},
	        {PROTO_ENDPOINT_NETWORK_DELETE, {"%2e"}, "/v1/networks/%252e"},
	        {PROTO_ENDPOINT_NETWORK_DELETE, {"{}"}, "/v1/networks/%7B%7D"},
	        {PROTO_ENDPOINT_APPROVE_BY_SECRET, {"n1", "s"}, "/v1/register/approve/n1/s"},
	        {PROTO_ENDPOINT_NETWORK_DELETE, {"..."}, "/v1/networks/..."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[PROTO_PATH_MAX];
		struct ls_fail fail;

		assert_int_equal(
		        proto_endpoint_path(cases[i].endpoint, cases[i].params, path, &fail), 0);
		assert_string_equal(path, cases[i].path);
	}
}

static void test_what_is_no_id(void **state)
{
	char longest[LIMIT_TOKEN_LEN + 1], longer[PROTO_ESCAPED_ID_MAX + 1], path[PROTO_PATH_MAX];
	const char *params[PROTO_ENDPOINT_PARAMS_MAX] = {".", NULL};
	struct ls_fail fail;

	(void)state;
	assert_int_equal(proto_endpoint_path(PROTO_ENDPOINT_NETMAP, params, path, &fail),
	                 LS_ERROR_USAGE);
	assert_string_equal(fail.text, "'.' is not an id");
	params[0] = "..";
	assert_int_equal(proto_endpoint_path(PROTO_ENDPOINT_NETMAP, params, path, &fail),
	                 LS_ERROR_USAGE);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	params[0] = longer;
	assert_int_equal(proto_endpoint_path(PROTO_ENDPOINT_NETMAP, params, path, &fail),
	                 LS_ERROR_USAGE);
	assert_non_null(strstr(fail.text, "is too long for an id"));
	/* A secret is not repeated, not even in part. */
	assert_int_equal(proto_endpoint_path(PROTO_ENDPOINT_TOKEN_REVOKE, params, path, &fail),
	                 LS_ERROR_USAGE);
	assert_string_equal(fail.text,
	                    "/v1/tokens/../revoke: this is not an id, or too long for one");
	/* The longest that the protocol has, each byte of which is escaped, twice. */
	memset(longest, '/', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	params[0] = params[1] = longest;
	assert_int_equal(proto_endpoint_path(PROTO_ENDPOINT_APPROVE_BY_SECRET, params, path, &fail),
	                 0);
	assert_int_equal(strlen(path), strlen("/v1/register/approve//") + 6 * strlen(longest));
}

static void test_escape(void **state)
{
	char buf[16];

	(void)state;
	assert_true(proto_escape("aZ09-._~", buf, sizeof(buf)));
	assert_string_equal(buf, "aZ09-._~");
	assert_true(proto_escape("a/b ?", buf, sizeof(buf)));
	assert_string_equal(buf, "a%2Fb%20%3F");
	assert_true(proto_escape("", buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(proto_escape("//////", buf, sizeof(buf)));
	assert_false(proto_escape("0123456789abcdef", buf, sizeof(buf)));
	assert_true(proto_escape("0123456789abcde", buf, sizeof(buf)));
}

/* A path that holds a secret has a label, which holds none. */
static void test_labels(void **state)
{
	(void)state;
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++) {
		const struct proto_endpoint_row *row = proto_endpoint_row(id);
		bool secret =
		        id == PROTO_ENDPOINT_TOKEN_REVOKE || id == PROTO_ENDPOINT_APPROVE_BY_SECRET;

		assert_int_equal(row->label != NULL, secret);
		if (row->label)
			assert_null(strchr(row->label, '{'));
	}
}

/* What a second request would do twice: make a network, a token or a node, or rotate keys. */
static void test_once(void **state)
{
	(void)state;
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++) {
		bool once = id == PROTO_ENDPOINT_NETWORK_CREATE ||
		            id == PROTO_ENDPOINT_TOKEN_CREATE || id == PROTO_ENDPOINT_REGISTER ||
		            id == PROTO_ENDPOINT_REGISTER_URL || id == PROTO_ENDPOINT_KEYS_ROTATE;

		assert_int_equal(proto_endpoint_row(id)->once, once);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_paths),  cmocka_unit_test(test_what_is_no_id),
	        cmocka_unit_test(test_escape), cmocka_unit_test(test_labels),
	        cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
