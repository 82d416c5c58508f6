/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of servers and proxies: fed whole or byte by byte, the reader has the same result and
 * keeps to its limits. The first byte chooses the request. */
#include <string.h>

#include "http/answer.h"
#include "tests/fuzz/fuzz.h"

enum {
	BODY_MAX = 4096,
};

static size_t read_all(struct http_reader *reader, const uint8_t *data, size_t size, size_t step)
{
	size_t used = 0;

	while (used < size && reader->state != HTTP_DONE && reader->state != HTTP_FAILED) {
		size_t len = size - used < step ? size - used : step;
		size_t taken = http_reader_feed(reader, data + used, len);

		FUZZ_CHECK(taken <= len);
		FUZZ_CHECK(taken == len || reader->state == HTTP_DONE ||
		           reader->state == HTTP_FAILED);
		FUZZ_CHECK(reader->body.content.len <= BODY_MAX &&
		           reader->line.len <= HTTP_HEAD_MAX &&
		           reader->body.line.len <= HTTP_HEAD_MAX);
		used += taken;
	}
	http_reader_end(reader);
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_reader whole, bytes;
	size_t used;

	if (size == 0)
		return 0;
	http_reader_init(&whole, BODY_MAX, data[0] % 2 != 0);
	http_reader_init(&bytes, BODY_MAX, data[0] % 2 != 0);
	used = read_all(&whole, data + 1, size - 1, size);
	FUZZ_CHECK(whole.state == HTTP_DONE || whole.state == HTTP_FAILED);
	FUZZ_CHECK(read_all(&bytes, data + 1, size - 1, 1) == used || whole.state == HTTP_FAILED);
	FUZZ_CHECK(bytes.state == whole.state);
	if (whole.state == HTTP_FAILED) {
		FUZZ_CHECK(whole.problem && whole.code < 0);
	} else {
		FUZZ_CHECK(whole.status >= 200 && whole.status <= 599);
		FUZZ_CHECK(bytes.status == whole.status &&
		           bytes.body.content.len == whole.body.content.len);
		FUZZ_CHECK(bytes.retry_after_s == whole.retry_after_s);
		FUZZ_CHECK(whole.body.content.len == 0 ||
		           memcmp(whole.body.content.data, bytes.body.content.data,
		                  whole.body.content.len) == 0);
	}
	http_reader_done(&whole);
	http_reader_done(&bytes);
	return 0;
}
