/* SPDX-License-Identifier: Apache-2.0 */
#include "http/field.h"

#include <string.h>
#include <strings.h>

enum http_field_fault http_field_split(char *line, struct http_field *ret)
{
	char *colon = line + strcspn(line, ": \t");
	char *value;
	size_t end;

	if (*line == ' ' || *line == '\t')
		return HTTP_FIELD_FOLDED;
	if (*colon == ' ' || *colon == '\t')
		return colon[strspn(colon, " \t")] == ':' ? HTTP_FIELD_BLANK : HTTP_FIELD_NO_COLON;
	if (colon == line || *colon != ':')
		return HTTP_FIELD_NO_COLON;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	end = strlen(value);
	while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
		end--;
	value[end] = '\0';
	*ret = (struct http_field){.name = line, .value = value};
	return HTTP_FIELD_OK;
}

bool http_is_token(const char *text)
{
	static const char tchar[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strspn(text, tchar);

	return len > 0 && text[len] == '\0';
}

bool http_list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t item;

		list += strspn(list, ", \t");
		item = strcspn(list, ", \t;");
		if (item == len && strncasecmp(list, word, len) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}
