/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the HTTP code that need no socket: secrets, paths, the budget of failed attempts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "crypto/keys.h"
#include "server/api/attempts.h"
#include "server/api/endpoints.h"
#include "server/http/httpd.h"
#include "server/state/secrets.h"

static void test_secrets(void **state)
{
	char a[SECRET_TEXT], b[SECRET_TEXT], id[PUBLIC_ID_TEXT];
	struct secret_hash hash;

	(void)state;
	state_secret_generate(a);
	state_secret_generate(b);
	assert_int_equal(strlen(a), 43);
	assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                           "0123456789-_"),
	                 43);
	assert_string_not_equal(a, b);
	state_secret_hash(a, &hash);
	assert_true(state_secret_matches(a, &hash));
	assert_false(state_secret_matches(b, &hash));
	assert_false(state_secret_matches("", &hash));
	a[42] = a[42] == 'A' ? 'B' : 'A';
	assert_false(state_secret_matches(a, &hash));
	state_secret_public_id(&hash, id);
	assert_int_equal(strspn(id, "0123456789abcdef"), 16);
}

static void test_uuids(void **state)
{
	static const char *const bad[] = {
	        "",
	        "00112233-4455-6677-8899-aabbccddeef",
	        "00112233-4455-6677-8899-aabbccddeeff0",
	        "001122334455-6677-8899-aabbccddeeff--",
	        "g0112233-4455-6677-8899-aabbccddeeff",
	};
	uint8_t bytes[16] = {0};
	char uuid[UUID_TEXT];

	(void)state;
	state_uuid_generate(uuid);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
	assert_non_null(strchr("89ab", uuid[19]));
	assert_true(state_uuid_bytes(uuid, bytes));
	assert_true(state_uuid_bytes("00112233-4455-6677-8899-aabbccddeeff", bytes));
	assert_int_equal(bytes[15], 0xff);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(state_uuid_bytes(bad[i], bytes));
}

static const struct {
	const char *method;
	const char *path;
	int code;
	const char *first; /* parameters, NULL: none */
	const char *second;
	const char *allow;
} paths[] = {
        {"GET", "/healthz", 0, NULL, NULL, ""},
        {"HEAD", "/healthz", 0, NULL, NULL, ""},
        {"GET", "/v1/netmap/abc", 0, "abc", NULL, ""},
        {"GET", "/v1/netmap/a%2dc", 0, "a-c", NULL, ""},
        {"GET", "/v1/register/approve/n/s%2B", 0, "n", "s+", ""},
        {"POST", "/v1/register/approve/n", 0, "n", NULL, ""},
        {"GET", "/v1/register/approve/n", LS_ERROR_USAGE, "n", NULL, "POST"},
        {"HEAD", "/v1/register/approve/n/s", LS_ERROR_USAGE, "n", "s", "GET"},
        {"GET", "/v1/netmap/a%2Fc", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap/a%00", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap/a%0a", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap/a%7f", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap/a%", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap/a%2", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap/", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/netmap", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/%6eetmap/x", 0, "x", NULL, ""},
        {"GET", "", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "healthz", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/healthz/", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/HEALTHZ", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/////////////", LS_ERROR_NOT_FOUND, NULL, NULL, ""},
        {"GET", "/v1/networks/{}", 0, "{}", NULL, ""},
        {"POST", "/v1/networks/x", LS_ERROR_USAGE, "x", NULL, "GET, HEAD, PUT, DELETE"},
        {"DELETE", "/v1/register", LS_ERROR_USAGE, NULL, NULL, "POST"},
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char path[CALL_PATH_MAX];
		struct call call = {.path = path};
		char allow[ENDPOINT_ALLOW_MAX];
		struct ls_fail fail;
		int r;

		(void)snprintf(path, sizeof(path), "%s", paths[i].path);
		r = api_endpoint_find(&call, paths[i].method, allow, &fail);
		if (r != paths[i].code)
			fail_msg("%s: %d", paths[i].path, r);
		assert_string_equal(allow, paths[i].allow);
		if (paths[i].first)
			assert_string_equal(call.params[0], paths[i].first);
		if (paths[i].second)
			assert_string_equal(call.params[1], paths[i].second);
		if (r == 0)
			assert_true(call.endpoint < PROTO_ENDPOINTS);
	}
}

static void test_attempts(void **state)
{
	struct attempts *attempts = api_attempts_new();
	struct ls_ip one, other;

	(void)state;
	assert_int_equal(ls_ip_parse("192.0.2.1", &one), 0);
	assert_int_equal(ls_ip_parse("2001:db8::1", &other), 0);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &one, 1000), 0);
		api_attempts_failed(attempts, ATTEMPTS_ADMIN, &one, 1000);
	}
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &one, 1000), 1);
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &other, 1000), 0);
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_SECRET, &one, 1000), 0);
	/* One is forgiven a second. */
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &one, 1001), 0);
	api_attempts_failed(attempts, ATTEMPTS_ADMIN, &one, 1001);
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &one, 1001), 1);
	/* A clock that goes back forgives nothing, and forbids nothing for ever. */
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &one, 500), 1);
	assert_int_equal(api_attempts_wait_s(attempts, ATTEMPTS_ADMIN, &one, 600), 0);
	api_attempts_free(attempts);
}

static void test_limit(void **unused)
{
	struct rlimit before, limit;

	(void)unused;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(before.rlim_max > 200);
	/* From above as from below: where a process may open more, it takes no more either. */
	for (rlim_t from = 100; from <= 200; from += 100) {
		limit = (struct rlimit){.rlim_cur = from, .rlim_max = before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		httpd_set_limit(150);
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(limit.rlim_cur, 150);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_secrets), cmocka_unit_test(test_uuids),
	        cmocka_unit_test(test_paths),   cmocka_unit_test(test_attempts),
	        cmocka_unit_test(test_limit),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
