/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of encoded JSON, shared by caches and by all answers that are being sent. It is immutable
 * and reference-counted. Only for one thread. */
#ifndef LS_SERVER_STATE_TEXT_H
#define LS_SERVER_STATE_TEXT_H

#include <event2/buffer.h>
#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

struct text {
	size_t refs;
	size_t len;
	char data[];
};

/* Gives uninitialised bytes for the caller to fill; NULL when out of memory. */
struct text *state_text_new(size_t len);
struct text *state_text_from_string(const char *s);
/* The compact text of an object or array, with `lead` before it. Takes ownership of `json`, which
 * may be NULL: out of memory. NULL when out of memory. */
struct text *state_text_from_json(const char *lead, json_t *json);
struct text *state_text_ref(struct text *text);
void state_text_unref(struct text *text); /* NULL is fine */
/* Drops a cached text: unref, and set to NULL. */
void state_text_clear(struct text **text);

/* Appends `len` bytes from `from` on: long pieces by reference, and then adds to *shared how much
 * less memory that takes than a copy; short ones as a copy. 0 or -ENOMEM. */
int state_text_append(struct text *text, size_t from, size_t len, struct evbuffer *out,
                      size_t *shared) LS_MUST_CHECK;

#endif
