/* SPDX-License-Identifier: Apache-2.0 */
/* Typed, strict reading of JSON documents, and small helpers for writing them.
 *
 * As in wire/cursor.h, errors are sticky: the decoder keeps the first one, which says which field
 * is wrong ("netmap: peers[3].wg_public_key: not a base64 key of 32 bytes"). After an error every
 * reader returns NULL, zero or false, so a function that decodes a type checks only once, at its
 * end. Unknown members are ignored; null means the same as absent. Strings must be UTF-8 without
 * control characters. */
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
	JSON_NESTING_MAX = 64, /* documents with more levels are refused before they are parsed */
	JSON_MEMORY_MAX = 512 << 20, /* bytes; of the values of one document */
};

/* Parses one document of at most max_bytes. `what` ("config.json") is the start of the error
 * message, which gives line and column but never repeats the text. Refuses members that occur
 * twice, and the escape \u0000. Before it builds values it counts them: they may need at most 32
 * bytes of memory for each of max_bytes, and JSON_MEMORY_MAX. LS_ERROR_SYNTAX, LS_ERROR_LIMIT or
 * -ENOMEM. *ret is a new reference. */
int json_parse(const char *data, size_t len, size_t max_bytes, const char *what, json_t **ret,
               struct ls_fail *fail) LS_MUST_CHECK;

/* LS_ERROR_LIMIT when the values of a text, which need not be JSON, would need more than max_memory
 * bytes: `{},` are 3 bytes of text and 300 of memory. For texts that json_parse does not parse. */
int json_check_memory(const char *data, size_t len, size_t max_memory, const char *what,
                      struct ls_fail *fail) LS_MUST_CHECK;

struct json_decoder {
	struct ls_arena *arena; /* strings and arrays are allocated here; borrowed */
	struct ls_fail *fail;   /* may be NULL */
	bool lenient; /* do not fail for routes that do not parse (drop them) and bad texts (mask
	                 them) */
	const char *dropped; /* lenient: why the last one was dropped; static text */
	int code;            /* 0, or the first error */
};

/* A value and its place in the document. It lives on the stack; `up`, its parent, must live
 * longer. */
struct json_at {
	struct json_decoder *decoder;
	const struct json_at *up;
	const char *name; /* member name; NULL for an item of an array */
	size_t index;
	const json_t *value; /* NULL: absent or null */
};

/* The whole document; error messages begin with `name`. */
struct json_at json_root(struct json_decoder *decoder, const json_t *value, const char *name);
/* A member of an object. Fails when `at` is no object. */
struct json_at json_member(const struct json_at *at, const char *name);
/* Item i < json_count(). */
struct json_at json_item(const struct json_at *at, size_t i);
/* The number of items; 0 when absent. Fails when the value is no array, or has more than `max`
 * items. */
size_t json_count(const struct json_at *at, size_t max);
static inline bool json_present(const struct json_at *at)
{
	return at->value != NULL;
}

/* Records the failure "path: text" of this value, unless there was one before. */
void json_fail(const struct json_at *at, int code, const char *fmt, ...) LS_PRINTF(3, 4);
/* Allocates n zeroed elements in the arena; NULL when n is 0, and on failure, which it records. */
void *json_alloc(struct json_decoder *decoder, size_t n, size_t size) LS_MUST_CHECK;

/* These read the member `name` of `at`. When it is absent, those with a fallback return that, the
 * others fail. Lengths are in bytes. */
const char *json_read_string(const struct json_at *at, const char *name, size_t max_len);
/* A name that people read. A lenient decoder accepts an empty one too, and masks control characters
 * in it, as json_read_string_or and json_read_strings do: a strange name of one node must not make
 * the netmaps of others unreadable. Ids and secrets are never changed. */
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
/* A lenient decoder reads a string that is no key as an all-zero key: existing servers take any
 * text for a key, and one node's must not make the netmaps of others unreadable. */
void json_read_key(const struct json_at *at, const char *name, uint8_t ret[static LS_KEY_LEN]);
void json_read_ip(const struct json_at *at, const char *name, enum ls_family family,
                  struct ls_ip *ret);
/* Refuses host bits; a lenient decoder clears them. */
void json_read_prefix(const struct json_at *at, const char *name, enum ls_family family,
                      struct ls_prefix *ret);
/* The list is empty when the member is absent. */
struct string_list json_read_strings(const struct json_at *at, const char *name, size_t max_count,
                                     size_t max_len);

/* Writing with jansson and one check at the end. json_put takes ownership of the value. A NULL
 * value marks the object as failed, and json_finish then returns NULL. */
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
/* An all-zero key, which is none, becomes an empty string. */
void json_put_key(struct json_writer *w, const char *name, const uint8_t key[static LS_KEY_LEN]);
void json_put_ip(struct json_writer *w, const char *name, const struct ls_ip *ip);
void json_put_prefix(struct json_writer *w, const char *name, const struct ls_prefix *prefix);
void json_put_strings(struct json_writer *w, const char *name, struct string_list list);
/* The object, a new reference; NULL when something failed. */
json_t *json_finish(struct json_writer *w);
/* Appends to an array and takes ownership of the value; false when the value is NULL or out of
 * memory. */
bool json_append(json_t *array, json_t *value);

/* The compact text of a value, malloced; NULL when out of memory. *ret_len may be NULL. */
char *json_text(const json_t *value, size_t *ret_len);

#endif
