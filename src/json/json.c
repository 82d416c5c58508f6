/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum {
	PATH_TEXT = 256,
	KEY_TEXT_MAX = 64,       /* bytes; a longer text is no key */
	ADDRESS_TEXT_MAX = 4096, /* bytes; the same for addresses and prefixes */
	JSON_MEMORY_MIN = 1 << 20,
	JSON_MEMORY_RATIO = 32,
	/* What jansson 2.14 allocates with glibc on 64 bits, in bytes, including the heads of the
	 * heap's blocks. Texts come on top. */
	COST_OBJECT = 224, /* with a table for 8 members */
	COST_ARRAY = 128,  /* with room for 8 items */
	COST_MEMBER = 128, /* its pair, and its part of a growing table */
	COST_VALUE = 64,   /* a string or number, and its place in an array */
};

/* What a text will cost to parse, found without parsing. */
struct cost {
	size_t nesting; /* levels of the deepest value */
	size_t memory;  /* bytes, at most */
};

/* A value or member begins or ends at one of these characters, so counting them bounds what jansson
 * allocates. Everything else in a text is copied at most once. */
static size_t cost_of(char c)
{
	switch (c) {
	case '{':
		return COST_OBJECT + COST_VALUE;
	case '[':
		return COST_ARRAY + COST_VALUE;
	case ':':
		return COST_MEMBER;
	case ',':
		return COST_VALUE;
	default:
		return 0;
	}
}

/* The text need not be JSON. */
static struct cost measure(const char *data, size_t len)
{
	struct cost cost = {.memory = len + COST_VALUE};
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		cost.memory += cost_of(c);
		if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
			cost.nesting = depth > cost.nesting ? depth : cost.nesting;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return cost;
}

static int check_memory(const struct cost *cost, size_t max_memory, const char *what,
                        struct ls_fail *fail)
{
	if (cost->memory <= max_memory)
		return 0;
	return ls_fail_set(fail, LS_ERROR_LIMIT,
	                   "%s: so many values that they would need %zu MB of memory; at most "
	                   "%zu MB are allowed",
	                   what, cost->memory >> 20, max_memory >> 20);
}

int json_check_memory(const char *data, size_t len, size_t max_memory, const char *what,
                      struct ls_fail *fail)
{
	const struct cost cost = measure(data, len);

	return check_memory(&cost, max_memory, what, fail);
}

/* Policies, the densest documents that make sense, need 28 bytes for one of their text. */
static size_t memory_for(size_t max_bytes)
{
	if (max_bytes > JSON_MEMORY_MAX / JSON_MEMORY_RATIO)
		return JSON_MEMORY_MAX;
	return JSON_MEMORY_MIN + max_bytes * JSON_MEMORY_RATIO;
}

int json_parse(const char *data, size_t len, size_t max_bytes, const char *what, json_t **ret,
               struct ls_fail *fail)
{
	struct cost cost;
	json_error_t error;
	json_t *json;
	char *near;
	int r;

	if (len > max_bytes)
		return ls_fail_set(fail, LS_ERROR_LIMIT, "%s: larger than %zu bytes", what,
		                   max_bytes);
	cost = measure(data, len);
	if (cost.nesting > JSON_NESTING_MAX)
		return ls_fail_set(fail, LS_ERROR_LIMIT, "%s: nested deeper than %d levels", what,
		                   JSON_NESTING_MAX);
	r = check_memory(&cost, memory_for(max_bytes), what, fail);
	if (r < 0)
		return r;
	json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	if (!json && json_error_code(&error) == json_error_out_of_memory)
		return ls_fail_set(fail, -ENOMEM, "%s: out of memory", what);
	if (!json) {
		/* The text after "near" repeats the input, which may be a secret. */
		near = strstr(error.text, " near '");
		if (near)
			*near = '\0';
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "%s: line %d, column %d: %s", what,
		                   error.line, error.column,
		                   json_error_code(&error) == json_error_null_character
		                           ? "\\u0000 is not allowed"
		                           : error.text);
	}
	*ret = json;
	return 0;
}

struct json_at json_root(struct json_decoder *decoder, const json_t *value, const char *name)
{
	return (struct json_at){.decoder = decoder, .name = name, .value = value};
}

static size_t write_path(const struct json_at *at, char *buf, size_t size)
{
	size_t used = at->up ? write_path(at->up, buf, size) : 0;
	int n;

	if (used >= size)
		return used;
	if (!at->up)
		n = snprintf(buf, size, "%s", at->name);
	else if (!at->name)
		n = snprintf(buf + used, size - used, "[%zu]", at->index);
	else
		n = snprintf(buf + used, size - used, "%s%s", at->up->up ? "." : ": ", at->name);
	return n < 0 ? used : used + (size_t)n;
}

void json_fail(const struct json_at *at, int code, const char *fmt, ...)
{
	char path[PATH_TEXT], text[PATH_TEXT];
	va_list ap;

	if (at->decoder->code < 0)
		return;
	at->decoder->code = code;
	(void)write_path(at, path, sizeof(path));
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)ls_fail_set(at->decoder->fail, code, "%s: %s", path, text);
}

void *json_alloc(struct json_decoder *decoder, size_t n, size_t size)
{
	void *p;

	if (decoder->code < 0 || n == 0)
		return NULL;
	p = ls_arena_alloc(decoder->arena, n, size);
	if (!p)
		decoder->code = ls_fail_set(decoder->fail, LS_ERROR_LIMIT,
		                            "the document needs too much memory");
	return p;
}

struct json_at json_member(const struct json_at *at, const char *name)
{
	struct json_at member = {.decoder = at->decoder, .up = at, .name = name};

	if (!at->value)
		json_fail(at, LS_ERROR_SYNTAX, "missing");
	else if (!json_is_object(at->value))
		json_fail(at, LS_ERROR_SYNTAX, "not an object");
	if (at->decoder->code < 0)
		return member;
	member.value = json_object_get(at->value, name);
	if (json_is_null(member.value))
		member.value = NULL;
	return member;
}

struct json_at json_item(const struct json_at *at, size_t i)
{
	struct json_at item = {.decoder = at->decoder, .up = at, .index = i};

	item.value = json_array_get(at->value, i);
	if (json_is_null(item.value))
		item.value = NULL;
	return item;
}

size_t json_count(const struct json_at *at, size_t max)
{
	size_t n;

	if (at->decoder->code < 0 || !at->value)
		return 0;
	if (!json_is_array(at->value)) {
		json_fail(at, LS_ERROR_SYNTAX, "not an array");
		return 0;
	}
	n = json_array_size(at->value);
	if (n > max) {
		json_fail(at, LS_ERROR_LIMIT, "%zu entries; at most %zu are allowed", n, max);
		return 0;
	}
	return n;
}

/* Checks a string and returns it, not copied; NULL after a failure. */
static const char *check_string_controls(const struct json_at *at, size_t max_len, bool allowed)
{
	const char *s = json_string_value(at->value);
	size_t len;

	if (at->decoder->code < 0)
		return NULL;
	if (!at->value)
		json_fail(at, LS_ERROR_SYNTAX, "missing");
	else if (!s)
		json_fail(at, LS_ERROR_SYNTAX, "not a string");
	if (!s)
		return NULL;
	len = json_string_length(at->value);
	if (len > max_len)
		json_fail(at, LS_ERROR_LIMIT, "%zu bytes long; at most %zu are allowed", len,
		          max_len);
	else if (!allowed && (strlen(s) != len || ls_str_has_control(s)))
		json_fail(at, LS_ERROR_BAD_VALUE, "holds control characters");
	return at->decoder->code < 0 ? NULL : s;
}

static const char *check_string(const struct json_at *at, size_t max_len)
{
	return check_string_controls(at, max_len, false);
}

static char *copy_string(struct json_decoder *decoder, const char *s)
{
	size_t size = s ? strlen(s) + 1 : 0;
	char *copy = json_alloc(decoder, size, 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, size);
	return copy;
}

/* Copies a text that people read; masks control characters when the decoder is lenient. */
static const char *copy_text(const struct json_at *at, size_t max_len)
{
	const char *s = check_string_controls(at, max_len, at->decoder->lenient);
	char *copy = s ? copy_string(at->decoder, s) : NULL;

	if (copy && at->decoder->lenient)
		ls_str_mask_control(copy);
	return copy;
}

const char *json_read_string(const struct json_at *at, const char *name, size_t max_len)
{
	struct json_at member = json_member(at, name);
	const char *s = check_string(&member, max_len);

	if (s && *s == '\0') {
		json_fail(&member, LS_ERROR_BAD_VALUE, "empty");
		return NULL;
	}
	return copy_string(at->decoder, s);
}

const char *json_read_text(const struct json_at *at, const char *name, size_t max_len)
{
	struct json_at member = json_member(at, name);

	return at->decoder->lenient ? copy_text(&member, max_len)
	                            : json_read_string(at, name, max_len);
}

const char *json_read_string_or(const struct json_at *at, const char *name, size_t max_len,
                                const char *fallback)
{
	struct json_at member = json_member(at, name);

	if (!json_present(&member))
		return fallback;
	return copy_text(&member, max_len);
}

bool json_read_bool_or(const struct json_at *at, const char *name, bool fallback)
{
	struct json_at member = json_member(at, name);

	if (!json_present(&member))
		return fallback;
	if (!json_is_boolean(member.value))
		json_fail(&member, LS_ERROR_SYNTAX, "neither true nor false");
	return json_is_true(member.value);
}

static uint64_t read_number(const struct json_at *at, uint64_t max)
{
	json_int_t n = json_integer_value(at->value);

	if (at->decoder->code < 0)
		return 0;
	if (!at->value)
		json_fail(at, LS_ERROR_SYNTAX, "missing");
	else if (!json_is_integer(at->value))
		json_fail(at, LS_ERROR_SYNTAX, "not a whole number");
	else if (n < 0)
		json_fail(at, LS_ERROR_BAD_VALUE, "negative");
	else if ((uint64_t)n > max)
		json_fail(at, LS_ERROR_BAD_VALUE, "larger than %llu", (unsigned long long)max);
	return at->decoder->code < 0 ? 0 : (uint64_t)n;
}

uint64_t json_read_u64(const struct json_at *at, const char *name, uint64_t max)
{
	struct json_at member = json_member(at, name);

	return read_number(&member, max);
}

uint64_t json_read_u64_or(const struct json_at *at, const char *name, uint64_t max,
                          uint64_t fallback)
{
	struct json_at member = json_member(at, name);

	return json_present(&member) ? read_number(&member, max) : fallback;
}

int64_t json_read_time(const struct json_at *at, const char *name)
{
	return (int64_t)json_read_u64(at, name, INT64_MAX);
}

int64_t json_read_time_or(const struct json_at *at, const char *name, int64_t fallback)
{
	struct json_at member = json_member(at, name);

	return json_present(&member) ? (int64_t)read_number(&member, INT64_MAX) : fallback;
}

static void read_key(const struct json_at *at, uint8_t ret[static LS_KEY_LEN])
{
	const bool lenient = at->decoder->lenient;
	const char *s = check_string_controls(at, lenient ? SIZE_MAX : KEY_TEXT_MAX, lenient);

	if (!s || key_decode(s, ret) == 0)
		return;
	if (lenient)
		memset(ret, 0, LS_KEY_LEN);
	else
		json_fail(at, LS_ERROR_SYNTAX, "not a base64 key of 32 bytes");
}

void json_read_key(const struct json_at *at, const char *name, uint8_t ret[static LS_KEY_LEN])
{
	struct json_at member = json_member(at, name);

	read_key(&member, ret);
}

static const char *family_text(enum ls_family family)
{
	return family == LS_FAMILY_V4 ? "IPv4" : "IPv6";
}

void json_read_ip(const struct json_at *at, const char *name, enum ls_family family,
                  struct ls_ip *ret)
{
	struct json_at member = json_member(at, name);
	const char *s = check_string(&member, ADDRESS_TEXT_MAX);
	struct ls_ip ip;

	if (!s)
		return;
	if (ls_ip_parse(s, &ip) < 0 || ip.family != family)
		json_fail(&member, LS_ERROR_SYNTAX, "not an %s address", family_text(family));
	else
		*ret = ip;
}

void json_read_prefix(const struct json_at *at, const char *name, enum ls_family family,
                      struct ls_prefix *ret)
{
	struct json_at member = json_member(at, name);
	const char *s = check_string(&member, ADDRESS_TEXT_MAX);
	struct ls_prefix prefix;
	int r;

	if (!s)
		return;
	r = at->decoder->lenient ? ls_prefix_parse_network(s, &prefix)
	                         : ls_prefix_parse(s, &prefix);
	if (r == LS_ERROR_BAD_VALUE)
		json_fail(&member, r, "has bits set after its prefix length");
	else if (r < 0 || prefix.ip.family != family)
		json_fail(&member, LS_ERROR_SYNTAX, "not an %s prefix", family_text(family));
	else
		*ret = prefix;
}

struct string_list json_read_strings(const struct json_at *at, const char *name, size_t max_count,
                                     size_t max_len)
{
	struct json_at list = json_member(at, name);
	size_t n = json_count(&list, max_count);
	const char **items = json_alloc(at->decoder, n, sizeof(*items));

	if (!items)
		return (struct string_list){0};
	for (size_t i = 0; i < n; i++) {
		struct json_at item = json_item(&list, i);

		items[i] = copy_text(&item, max_len);
	}
	if (at->decoder->code < 0)
		return (struct string_list){0};
	return (struct string_list){.items = items, .count = n};
}
