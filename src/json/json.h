/* SPDX-License-Identifier: Apache-2.0 */
/* Typed, strict reading of JSON documents, and small helpers for writing them.
 *
 * Reading is like wire/cursor.h: errors are sticky in the decoder. The first one says which field
 * is wrong ("netmap: peers[3].wg_public_key: not a base64 key of 32 bytes"); after it every reader
 * gives NULL, zero or false, so that a decoder of a type checks once, at its end. Unknown members
 * are ignored; null is the same as absent. Strings must be UTF-8 without control characters. */
#ifndef LS_JSON_JSON_H
#define LS_JSON_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"
#include "crypto/keys.h"
#include "wire/ip.h"

enum {
	JSON_NESTING_MAX = 64, /* deeper documents are refused before they are parsed */
};

/* Parses one document of at most max_bytes; `what` opens the message ("config.json"), which names
 * line and column but never repeats the text. Members that occur twice are refused, as is the
 * escape \u0000. LS_ERROR_SYNTAX, LS_ERROR_LIMIT or -ENOMEM. *ret is a new reference. */
int json_parse(const char *data, size_t len, size_t max_bytes, const char *what, json_t **ret,
               struct ls_fail *fail) LS_MUST_CHECK;

struct json_decoder {
	struct ls_arena *arena; /* where strings and arrays go; borrowed */
	struct ls_fail *fail;   /* may be NULL */
	bool lenient; /* drop routes that do not parse and mask texts, instead of failing */
	int code;     /* 0, or the first error */
};

/* One value and the way to it; lives on the stack, `up` outlives it. */
struct json_at {
	struct json_decoder *decoder;
	const struct json_at *up;
	const char *name; /* member name; NULL for an item of an array */
	size_t index;
	const json_t *value; /* NULL: absent or null */
};

/* The whole document; `name` opens messages. */
struct json_at json_root(struct json_decoder *decoder, const json_t *value, const char *name);
/* A member. Fails when `at` is no object. */
struct json_at json_member(const struct json_at *at, const char *name);
/* Item i < json_count(). */
struct json_at json_item(const struct json_at *at, size_t i);
/* The number of items; 0 when absent. Fails when it is no array, or longer than max. */
size_t json_count(const struct json_at *at, size_t max);
static inline bool json_present(const struct json_at *at)
{
	return at->value != NULL;
}

/* Records a failure of this value, unless there was one before: "path: text". */
void json_fail(const struct json_at *at, int code, const char *fmt, ...) LS_PRINTF(3, 4);
/* Zeroed arena memory for n elements; NULL (and a failure) when there is none. */
void *json_alloc(struct json_decoder *decoder, size_t n, size_t size) LS_MUST_CHECK;

/* Members of `at` by name. Those with a fallback take it when the member is absent; the others
 * fail then. Lengths are in bytes. */
const char *json_read_string(const struct json_at *at, const char *name, size_t max_len);
/* A name for people. A lenient reader takes an empty one, too, and masks control characters in it,
 * as json_read_string_or and json_read_strings do: what one node calls itself must not cost others
 * their netmap. Ids and secrets are never altered. */
const char *json_read_text(const struct json_at *at, const char *name, size_t max_len);
const char *json_read_string_or(const struct json_at *at, const char *name, size_t max_len,
                                const char *fallback);
bool json_read_bool_or(const struct json_at *at, const char *name, bool fallback);
uint64_t json_read_u64(const struct json_at *at, const char *name, uint64_t max);
uint64_t json_read_u64_or(const struct json_at *at, const char *name, uint64_t max,
                          uint64_t fallback);
/* Unix seconds. */
int64_t json_read_time(const struct json_at *at, const char *name);
int64_t json_read_time_or(const struct json_at *at, const char *name, int64_t fallback);
void json_read_key(const struct json_at *at, const char *name, uint8_t ret[static LS_KEY_LEN]);
void json_read_ip(const struct json_at *at, const char *name, enum ls_family family,
                  struct ls_ip *ret);
/* Host bits are refused. */
void json_read_prefix(const struct json_at *at, const char *name, enum ls_family family,
                      struct ls_prefix *ret);
/* Empty when absent. */
struct string_list json_read_strings(const struct json_at *at, const char *name, size_t max_count,
                                     size_t max_len);

/* Writing: jansson's setters with one check at the end. Values given to json_put are stolen; a NULL
 * value marks the object as failed, which json_finish turns into NULL. */
struct json_writer {
	json_t *object;
	bool failed;
};

struct json_writer json_begin(void);
void json_put(struct json_writer *w, const char *name, json_t *value);
void json_put_string(struct json_writer *w, const char *name, const char *s); /* NULL: null */
void json_put_bool(struct json_writer *w, const char *name, bool b);
void json_put_u64(struct json_writer *w, const char *name, uint64_t n);
void json_put_time(struct json_writer *w, const char *name, int64_t t);
void json_put_time_or_null(struct json_writer *w, const char *name, int64_t t); /* 0: null */
void json_put_key(struct json_writer *w, const char *name, const uint8_t key[static LS_KEY_LEN]);
void json_put_ip(struct json_writer *w, const char *name, const struct ls_ip *ip);
void json_put_prefix(struct json_writer *w, const char *name, const struct ls_prefix *prefix);
void json_put_strings(struct json_writer *w, const char *name, struct string_list list);
/* The object, a new reference; NULL when something failed. */
json_t *json_finish(struct json_writer *w);
/* Appends to an array, stealing the value; false when the value is NULL or memory is gone. */
bool json_append(json_t *array, json_t *value);

/* Compact text of a value, malloced; NULL when memory is gone. *ret_len may be NULL. */
char *json_text(const json_t *value, size_t *ret_len);

#endif
