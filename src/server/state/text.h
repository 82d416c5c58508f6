/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of encoded JSON, made once and shared: by caches, and by every answer that is on its way
 * out. Immutable, counted, one thread. */
#ifndef LS_SERVER_STATE_TEXT_H
#define LS_SERVER_STATE_TEXT_H

#include <event2/buffer.h>
#include <jansson.h>
#include <stddef.h>

struct text {
	size_t refs;
	size_t len;
	char data[];
};

/* Uninitialised bytes for the caller to fill; NULL when memory is gone. */
struct text *state_text_new(size_t len);
struct text *state_text_from_string(const char *s);
/* Compact encoding of an object or array with `lead` before it; steals `json`, which may be NULL
 * for want of memory. NULL when memory is gone. */
struct text *state_text_from_json(const char *lead, json_t *json);
struct text *state_text_ref(struct text *text);
void state_text_unref(struct text *text); /* NULL is fine */
/* Drops a cache. */
void state_text_clear(struct text **text);

/* Appends the bytes from `skip` on without copying them; 0 or -ENOMEM. Short ones are copied, which
 * costs less than the bookkeeping. */
int state_text_append(struct text *text, size_t skip, struct evbuffer *out);

#endif
