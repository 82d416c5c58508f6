/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/source.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"

bool httpd_source_is_trusted(const struct source_trust *trust, const struct ls_ip *ip)
{
	for (size_t i = 0; i < trust->count; i++) {
		if (ls_prefix_contains(&trust->prefixes[i], ip))
			return true;
	}
	return false;
}

/* Empty elements of a list are ignored (RFC 9110, 5.6.1.2). */
static bool is_empty(const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	return len == 0;
}

/* Some proxies append the port: "192.0.2.1:4711", "[2001:db8::1]:4711". */
static int parse_hop(const char *text, size_t len, struct ls_ip *ret)
{
	char copy[LS_ENDPOINT_TEXT];
	struct ls_endpoint endpoint;

	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len >= sizeof(copy))
		return LS_ERROR_SYNTAX;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (ls_ip_parse(copy, ret) == 0)
		return 0;
	if (len > 2 && copy[0] == '[' && copy[len - 1] == ']') {
		copy[len - 1] = '\0';
		return ls_ip_parse(copy + 1, ret);
	}
	if (ls_endpoint_parse(copy, &endpoint) < 0)
		return LS_ERROR_SYNTAX;
	*ret = endpoint.ip;
	return 0;
}

/* Searches one list from the right. True when the search has ended: *source is the result. */
static bool walk(const struct source_trust *trust, const char *list, struct ls_ip *source)
{
	size_t end = strlen(list), start;

	for (;; end = start - 1) {
		for (start = end; start > 0 && list[start - 1] != ',';)
			start--;
		if (is_empty(list + start, end - start)) {
			/* go to the next one, if there is one */
		} else if (parse_hop(list + start, end - start, source) < 0) {
			*source = (struct ls_ip){0};
			return true;
		} else if (!httpd_source_is_trusted(trust, source)) {
			return true;
		}
		if (start == 0)
			return false;
	}
}

struct ls_ip httpd_source_of(const struct source_trust *trust, const struct ls_ip *peer,
                             const struct http_head *head)
{
	struct ls_ip source = *peer;

	if (!httpd_source_is_trusted(trust, peer))
		return source;
	/* Several headers form one list; the nearest proxy has added the last element. */
	for (size_t i = head->field_count; i-- > 0;) {
		const struct http_field *field = &head->fields[i];

		if (strcasecmp(field->name, "X-Forwarded-For") == 0 &&
		    walk(trust, field->value, &source))
			break;
	}
	return source;
}
