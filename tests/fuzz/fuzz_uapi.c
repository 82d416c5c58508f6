/* SPDX-License-Identifier: Apache-2.0 */
/* The UAPI text: feeding a stream at once and byte by byte must have the same result. */
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "wg/uapi.h"

static uint32_t any_interface(const char *name)
{
	return (uint32_t)strlen(name);
}

static void check_request(const struct uapi_parser *parser)
{
	struct ls_buf out = {0};

	FUZZ_CHECK(parser->error <= 0);
	FUZZ_CHECK(parser->error != 0 || parser->operation != UAPI_NONE);
	wg_uapi_write_device(&out, &parser->config);
	FUZZ_CHECK(ls_buf_text(&out) && out.len >= strlen("errno=0\n\n"));
	ls_buf_done(&out);
}

/* Parses all requests of the input in pieces of at most `step` bytes; a sum of what was found. */
static uint64_t parse_stream(const uint8_t *data, size_t size, size_t step)
{
	struct uapi_parser parser;
	uint64_t sum = 0;
	size_t at = 0;

	wg_uapi_parser_init(&parser, any_interface);
	while (at < size) {
		size_t n = size - at < step ? size - at : step;
		bool complete;
		size_t taken = wg_uapi_parser_feed(&parser, data + at, n, &complete);

		FUZZ_CHECK(taken > 0 && taken <= n);
		FUZZ_CHECK(complete || taken == n);
		at += taken;
		if (!complete)
			continue;
		check_request(&parser);
		sum = sum * 31 + (uint64_t)(-parser.error) + parser.config.flags;
		sum = sum * 31 + parser.config.peer_count + parser.allowed_ip_count;
		wg_uapi_parser_reset(&parser);
	}
	wg_uapi_parser_done(&parser);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FUZZ_CHECK(parse_stream(data, size, size + 1) == parse_stream(data, size, 1));
	return 0;
}
