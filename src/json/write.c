/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <string.h>

struct json_writer json_begin(void)
{
	json_t *object = json_object();

	return (struct json_writer){.object = object, .failed = !object};
}

void json_put(struct json_writer *w, const char *name, json_t *value)
{
	/* This takes ownership of the value in every case, and fails for NULL. */
	if (json_object_set_new_nocheck(w->object, name, value) < 0)
		w->failed = true;
}

void json_put_string(struct json_writer *w, const char *name, const char *s)
{
	json_put(w, name, s ? json_string(s) : json_null());
}

void json_put_bool(struct json_writer *w, const char *name, bool b)
{
	json_put(w, name, json_boolean(b));
}

void json_put_u64(struct json_writer *w, const char *name, uint64_t n)
{
	json_put(w, name, json_integer((json_int_t)n));
}

void json_put_time(struct json_writer *w, const char *name, int64_t t)
{
	json_put(w, name, json_integer(t));
}

void json_put_time_or_null(struct json_writer *w, const char *name, int64_t t)
{
	json_put(w, name, t == 0 ? json_null() : json_integer(t));
}

void json_put_key(struct json_writer *w, const char *name, const uint8_t key[static LS_KEY_LEN])
{
	char text[LS_KEY_TEXT];

	json_put(w, name, json_string(key_is_zero(key) ? "" : key_encode(key, text)));
	key_wipe(text, sizeof(text));
}

void json_put_ip(struct json_writer *w, const char *name, const struct ls_ip *ip)
{
	char text[LS_IP_TEXT];

	json_put_string(w, name, ip->family == LS_FAMILY_NONE ? NULL : ls_ip_format(ip, text));
}

void json_put_prefix(struct json_writer *w, const char *name, const struct ls_prefix *prefix)
{
	char text[LS_PREFIX_TEXT];

	json_put_string(w, name,
	                prefix->ip.family == LS_FAMILY_NONE ? NULL
	                                                    : ls_prefix_format(prefix, text));
}

bool json_append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) == 0;
}

void json_put_strings(struct json_writer *w, const char *name, struct string_list list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list.count; i++) {
		if (!json_append(array, json_string(list.items[i])))
			w->failed = true;
	}
	json_put(w, name, array);
}

json_t *json_finish(struct json_writer *w)
{
	if (w->failed) {
		json_decref(w->object);
		w->object = NULL;
	}
	return w->object;
}

char *json_text(const json_t *value, size_t *ret_len)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text && ret_len)
		*ret_len = strlen(text);
	return text;
}
