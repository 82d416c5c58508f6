/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

enum {
	COPY_MAX = 1024,
	REFERENCE_BYTES = 1024, /* what libevent allocates for a reference */
};

struct text *state_text_new(size_t len)
{
	struct text *text = malloc(sizeof(*text) + len);

	if (!text)
		return NULL;
	text->refs = 1;
	text->len = len;
	return text;
}

struct text *state_text_from_string(const char *s)
{
	struct text *text = state_text_new(strlen(s));

	if (text)
		memcpy(text->data, s, text->len);
	return text;
}

struct text *state_text_from_json(const char *lead, json_t *json)
{
	size_t lead_len = strlen(lead), len = 0;
	char *encoded = json ? json_text(json, &len) : NULL;
	struct text *text = encoded ? state_text_new(lead_len + len) : NULL;

	json_decref(json);
	if (text) {
		memcpy(text->data, lead, lead_len);
		memcpy(text->data + lead_len, encoded, len);
	}
	free(encoded);
	return text;
}

struct text *state_text_ref(struct text *text)
{
	text->refs++;
	return text;
}

void state_text_unref(struct text *text)
{
	if (text && --text->refs == 0)
		free(text);
}

void state_text_clear(struct text **text)
{
	state_text_unref(*text);
	*text = NULL;
}

static void release_reference(const void *data, size_t len, void *arg)
{
	(void)data;
	(void)len;
	state_text_unref(arg);
}

int state_text_append(struct text *text, size_t from, size_t len, struct evbuffer *out,
                      size_t *shared)
{
	if (len <= COPY_MAX)
		return evbuffer_add(out, text->data + from, len) == 0 ? 0 : -ENOMEM;
	if (evbuffer_add_reference(out, text->data + from, len, release_reference, text) != 0)
		return -ENOMEM;
	(void)state_text_ref(text);
	*shared += len - REFERENCE_BYTES;
	return 0;
}
