/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: the end of a head does not depend on how the bytes arrive; an accepted request contains
 * nothing that has two meanings; its body has the same result whole and byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "http/body.h"
#include "http/query.h"
#include "http/request.h"
#include "tests/fuzz/fuzz.h"

enum {
	BODY_MAX = 4096,
};

static bool is_clean(const char *text, const char *from, size_t len)
{
	FUZZ_CHECK(text >= from && text < from + len);
	FUZZ_CHECK(strlen(text) < (size_t)(from + len - text));
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	}
	return true;
}

static void check_head(const struct http_head *head, const char *from, size_t len)
{
	size_t lengths = 0, encodings = 0, credentials = 0;

	FUZZ_CHECK(is_clean(head->method, from, len) && http_is_token(head->method));
	FUZZ_CHECK(is_clean(head->path, from, len) && strpbrk(head->path, " #?") == NULL);
	FUZZ_CHECK(head->path[0] != '/' || head->path[1] != '/');
	FUZZ_CHECK(!head->query || is_clean(head->query, from, len));
	FUZZ_CHECK(head->minor <= 1 && head->field_count <= HTTP_FIELDS_MAX);
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];

		FUZZ_CHECK(is_clean(field->name, from, len) && http_is_token(field->name));
		FUZZ_CHECK(is_clean(field->value, from, len));
		lengths += http_list_has(field->name, "Content-Length");
		encodings += http_list_has(field->name, "Transfer-Encoding");
		credentials += http_list_has(field->name, "Authorization");
	}
	FUZZ_CHECK(lengths + encodings <= 1 && credentials <= 1);
	FUZZ_CHECK(head->chunked == (encodings == 1));
	FUZZ_CHECK(lengths == 1 || head->length == 0);
}

static size_t find_head(const char *data, size_t size)
{
	size_t found = http_head_length(data, size, 0);

	for (size_t have = 1; have <= size; have++) {
		size_t now = http_head_length(data, have, have - 1);

		if (now != 0) {
			FUZZ_CHECK(now == found && now == have);
			return found;
		}
	}
	FUZZ_CHECK(found == 0);
	return 0;
}

static void begin_body(struct http_body *body, const struct http_head *head)
{
	if (head->chunked)
		http_body_init_chunked(body, BODY_MAX, true);
	else
		http_body_init_sized(body, BODY_MAX, head->length);
}

static void check_body(const struct http_head *head, const char *data, size_t size)
{
	struct http_body whole, bytes;
	size_t used, fed = 0;

	begin_body(&whole, head);
	begin_body(&bytes, head);
	used = http_body_feed(&whole, data, size);
	while (fed < size && http_body_feed(&bytes, data + fed, 1) == 1)
		fed++;
	FUZZ_CHECK(used <= size && whole.content.len <= BODY_MAX);
	FUZZ_CHECK(whole.state == bytes.state && whole.fault == bytes.fault);
	FUZZ_CHECK(whole.state == HTTP_BODY_FAILED || used == fed);
	FUZZ_CHECK(whole.content.len == bytes.content.len);
	FUZZ_CHECK(whole.content.len == 0 ||
	           memcmp(whole.content.data, bytes.content.data, whole.content.len) == 0);
	http_body_done(&whole);
	http_body_done(&bytes);
}

static void check_query(const char *query)
{
	size_t len = strlen(query), count = 0;
	char *copy = malloc(len + 1);
	struct http_field pairs[4];

	if (!copy)
		return;
	memcpy(copy, query, len + 1);
	if (http_query_parse(copy, pairs, 4, &count) == 0) {
		for (size_t i = 0; i < count; i++) {
			FUZZ_CHECK(pairs[i].name >= copy && pairs[i].name < pairs[i].value);
			FUZZ_CHECK(pairs[i].value <= copy + len);
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	const char *problem = NULL;
	struct http_head head;
	size_t blank, len;

	if (!copy)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	blank = http_blank_lines(copy, size);
	FUZZ_CHECK(blank <= size);
	len = find_head(copy + blank, size - blank);
	if (len > 0) {
		int status = http_head_parse(copy + blank, len, &head, &problem);

		FUZZ_CHECK(status == 0 || (status >= 400 && status < 600 && problem));
		if (status == 0) {
			check_head(&head, copy + blank, len);
			if (head.query)
				check_query(head.query);
			check_body(&head, copy + blank + len, size - blank - len);
		}
	}
	free(copy);
	return 0;
}
