/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the API description that the server hands out with its table of endpoints: the same
 * methods and paths, the same credentials, the same limits of bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "server/api/endpoints.h"
#include "server/api/openapi.h"

static json_t *load(void)
{
	json_error_t error;
	json_t *document =
	        json_loadb(api_openapi_text, api_openapi_len, JSON_REJECT_DUPLICATES, &error);

	if (!document)
		fail_msg("%s at %d", error.text, error.position);
	return document;
}

static const char *method_name(enum proto_method method)
{
	switch (method) {
	case PROTO_GET:
		return "get";
	case PROTO_POST:
		return "post";
	case PROTO_PUT:
		return "put";
	case PROTO_DELETE:
		return "delete";
	}
	return "?";
}

/* "/a/{b}/c" and "/a/{}/c" are the same: names of parameters are the document's alone. */
static bool same_path(const char *documented, const char *pattern)
{
	while (*documented != '\0' && *documented == *pattern) {
		if (*documented == '{')
			documented += strcspn(documented, "}");
		else
			documented++;
		pattern++;
	}
	return *documented == *pattern;
}

/* NULL when the document does not have it. */
static const json_t *find_operation(const json_t *document, enum proto_endpoint id)
{
	const struct proto_endpoint_row *row = proto_endpoint_row(id);
	json_t *paths = json_object_get(document, "paths"), *item;
	const char *path;

	json_object_foreach(paths, path, item)
	{
		if (same_path(path, row->pattern))
			return json_object_get(item, method_name(row->method));
	}
	return NULL;
}

static size_t count_operations(const json_t *document)
{
	json_t *item, *member;
	const char *path, *name;
	size_t n = 0;

	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		json_object_foreach(item, name, member)
		{
			if (strcmp(name, "parameters") != 0)
				n++;
		}
	}
	return n;
}

static void test_same_endpoints(void **state)
{
	json_t *document = load();

	(void)state;
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++) {
		const struct proto_endpoint_row *row = proto_endpoint_row(id);

		if (!find_operation(document, id))
			fail_msg("not in the document: %s %s", method_name(row->method),
			         row->pattern);
	}
	/* The table has no row twice, or a path would never reach the second. */
	assert_int_equal(count_operations(document), PROTO_ENDPOINTS);
	json_decref(document);
}

/* The alternatives of an operation's "security" as text, in their order. */
static void security_of(const json_t *operation, char *buf, size_t size)
{
	const json_t *list = json_object_get(operation, "security");
	size_t used = 0;

	buf[0] = '\0';
	assert_true(json_is_array(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *alternative = json_array_get(list, i);

		assert_int_equal(json_object_size(alternative), 1);
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i > 0 ? " " : "",
		                         json_object_iter_key(json_object_iter(alternative)));
		assert_true(used < size);
	}
}

static const char *expected_security(enum proto_auth auth)
{
	switch (auth) {
	case PROTO_AUTH_NONE:
		return "";
	case PROTO_AUTH_ADMIN:
		return "adminToken";
	case PROTO_AUTH_NODE:
	case PROTO_AUTH_NODE_IN_BODY:
		return "nodeToken adminToken";
	}
	return "?";
}

static void test_same_credentials(void **state)
{
	json_t *document = load();
	char security[64];

	(void)state;
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++) {
		const struct proto_endpoint_row *row = proto_endpoint_row(id);

		security_of(find_operation(document, id), security, sizeof(security));
		if (strcmp(security, expected_security(row->auth)) != 0)
			fail_msg("%s: the document asks for \"%s\"", row->pattern, security);
	}
	json_decref(document);
}

static void test_same_bodies(void **state)
{
	json_t *document = load();

	(void)state;
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++) {
		const json_t *operation = find_operation(document, id);
		const json_t *body = json_object_get(operation, "requestBody");
		const json_t *max = json_object_get(body, "x-max-bytes");

		if ((size_t)json_integer_value(max) != api_endpoint(id)->body_max)
			fail_msg("%s: the document allows %lld bytes of body",
			         proto_endpoint_row(id)->pattern,
			         (long long)json_integer_value(max));
		assert_int_equal(body != NULL, api_endpoint(id)->body_max > 0);
	}
	json_decref(document);
}

static void test_version(void **state)
{
	json_t *document = load();
	const json_t *info = json_object_get(document, "info");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(info, "version")), LS_VERSION);
	assert_int_equal(strlen(api_openapi_text), api_openapi_len);
	/* A strong tag: no W/, in quotes. */
	assert_int_equal(strlen(api_openapi_etag), 34);
	assert_int_equal(api_openapi_etag[0], '"');
	assert_int_equal(api_openapi_etag[33], '"');
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_same_endpoints),
	        cmocka_unit_test(test_same_credentials),
	        cmocka_unit_test(test_same_bodies),
	        cmocka_unit_test(test_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
