/* SPDX-License-Identifier: Apache-2.0 */
#include "control/url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/ip.h"

enum {
	PORT_HTTP = 80,
	PORT_HTTPS = 443,
	LABEL_MAX = 63, /* RFC 1035 2.3.4 */
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Host names by RFC 1123 2.1, and also underscores, which container networks use. */
static const char *check_name(const char *host)
{
	size_t label = 0;

	for (const char *p = host;; p++) {
		if (*p == '.' || *p == '\0') {
			if (label == 0 || p[-1] == '-' || p[-(ptrdiff_t)label] == '-')
				return "not a host name";
			label = 0;
			if (*p == '\0')
				return NULL;
		} else if (!is_alnum(*p) && *p != '-' && *p != '_') {
			return "not a host name";
		} else if (++label > LABEL_MAX) {
			return "a label of the host name is longer than 63 characters";
		}
	}
}

static bool looks_numeric(const char *host)
{
	return host[strspn(host, "0123456789.")] == '\0';
}

static const char *parse_host(const char *p, size_t len, struct control_url *url)
{
	bool bracketed = len > 0 && p[0] == '[';
	struct ls_ip ip;

	if (bracketed) {
		if (p[len - 1] != ']')
			return "the bracket of the IPv6 address does not close";
		p++;
		len -= 2;
	}
	if (len == 0)
		return "the host is missing";
	if (len > CONTROL_URL_HOST_MAX)
		return "the host is longer than 253 characters";
	for (size_t i = 0; i < len; i++)
		url->host[i] = to_lower(p[i]);
	url->host[len] = '\0';
	if (bracketed || looks_numeric(url->host)) {
		char text[LS_IP_TEXT];

		if (ls_ip_parse(url->host, &ip) < 0 ||
		    (bracketed != (strchr(url->host, ':') != NULL)))
			return "not an IP address";
		(void)snprintf(url->host, sizeof(url->host), "%s", ls_ip_format(&ip, text));
		url->numeric = true;
		return NULL;
	}
	if (strchr(url->host, ':'))
		return "an IPv6 address needs brackets: http://[::1]:8080";
	return check_name(url->host);
}

static const char *last_colon(const char *p, size_t len)
{
	while (len > 0 && p[len - 1] != ':')
		len--;
	return len > 0 ? p + len - 1 : NULL;
}

static const char *parse_authority(const char *p, size_t len, struct control_url *url)
{
	const char *close = memchr(p, ']', len);
	size_t skip = close ? (size_t)(close - p) : 0;
	const char *colon = last_colon(p + skip, len - skip);
	size_t host_len = colon ? (size_t)(colon - p) : len;
	char digits[6];
	uint64_t port;

	if (memchr(p, '@', len))
		return "user names and passwords are not supported";
	url->port = url->tls ? PORT_HTTPS : PORT_HTTP;
	/* More than one colon without brackets: parse_host reports the mistake. */
	if (colon && !close && memchr(p, ':', host_len))
		host_len = len;
	else if (colon) {
		size_t digits_len = len - host_len - 1;

		if (digits_len == 0 || digits_len >= sizeof(digits))
			return "the port must be 1 to 65535";
		memcpy(digits, colon + 1, digits_len);
		digits[digits_len] = '\0';
		if (ls_parse_u64(digits, 1, UINT16_MAX, &port) < 0)
			return "the port must be 1 to 65535";
		url->port = (uint16_t)port;
	}
	return parse_host(p, host_len, url);
}

/* RFC 3986 3.3, without dot segments. */
static const char *parse_base(const char *p, struct control_url *url)
{
	size_t len = strlen(p);

	while (len > 0 && p[len - 1] == '/')
		len--;
	if (len > CONTROL_URL_BASE_MAX)
		return "the path is longer than 200 characters";
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '%' && (len - i < 3 || !is_hex(p[i + 1]) || !is_hex(p[i + 2])))
			return "% in the path must be followed by two hexadecimal digits";
		if (p[i] == '?' || p[i] == '#')
			return "a query or fragment has no place in it";
		if (!is_alnum(p[i]) && !strchr("/%-._~!$&'()*+;=:@", p[i]))
			return "the path holds a character that must be escaped";
		if (p[i] == '/' && i + 1 < len && (p[i + 1] == '/' || p[i + 1] == '.'))
			return "the path has an empty or dot segment";
	}
	memcpy(url->base, p, len);
	url->base[len] = '\0';
	return NULL;
}

static void format_url(struct control_url *url)
{
	bool v6 = strchr(url->host, ':') != NULL;
	char port[8] = "";

	if (url->port != (url->tls ? PORT_HTTPS : PORT_HTTP))
		(void)snprintf(port, sizeof(port), ":%u", url->port);
	_Static_assert(CONTROL_URL_TEXT > sizeof("https://[]:65535") + CONTROL_URL_HOST_MAX +
	                                          CONTROL_URL_BASE_MAX,
	               "a URL's text always fits");
	(void)snprintf(url->text, sizeof(url->text), "%s://%s%s%s%s%s", url->tls ? "https" : "http",
	               v6 ? "[" : "", url->host, v6 ? "]" : "", port, url->base);
}

static const char *parse(const char *s, struct control_url *url)
{
	const char *rest, *reason;
	size_t len;

	for (const char *p = s; *p; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return "blanks, control and non-ASCII characters are not allowed";
	}
	if (strncasecmp(s, "http://", 7) == 0) {
		rest = s + 7;
	} else if (strncasecmp(s, "https://", 8) == 0) {
		url->tls = true;
		rest = s + 8;
	} else {
		return "must begin with http:// or https://";
	}
	len = strcspn(rest, "/?#");
	reason = parse_authority(rest, len, url);
	if (!reason)
		reason = parse_base(rest + len, url);
	if (!reason)
		format_url(url);
	return reason;
}

int control_url_parse(const char *s, struct control_url *ret, struct ls_fail *fail)
{
	struct control_url url = {0};
	const char *reason = parse(s, &url);
	const char *at = strrchr(s, '@');

	if (reason && at) /* the text before the last '@' may be a secret */
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "control URL \"..%.200s\": %s", at,
		                   reason);
	if (reason)
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "control URL \"%.200s\": %s", s, reason);
	*ret = url;
	return 0;
}

static bool has_url(const struct control_url_list *list, const struct control_url *url)
{
	for (size_t i = 0; i < list->count; i++) {
		if (ls_streq(list->items[i].text, url->text))
			return true;
	}
	return false;
}

static int append(struct control_url_list *list, const char *text, struct ls_fail *fail)
{
	struct control_url url;
	struct control_url *grown;
	int r = control_url_parse(text, &url, fail);

	if (r < 0 || has_url(list, &url))
		return r;
	if (list->count == CONTROL_URLS_MAX)
		return ls_fail_set(fail, LS_ERROR_LIMIT, "control URLs: more than %d",
		                   CONTROL_URLS_MAX);
	grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return ls_fail_set(fail, -ENOMEM, "control URLs: out of memory");
	list->items = grown;
	list->items[list->count++] = url;
	return 0;
}

int control_url_list_add(struct control_url_list *list, const char *urls, struct ls_fail *fail)
{
	LS_FREE char *copy = ls_strdup(urls);
	size_t count = list->count;
	char *next = copy;

	while (next) {
		char *text = strsep(&next, ",");
		int r = append(list, text, fail);

		if (r < 0) {
			list->count = count;
			return r;
		}
	}
	return 0;
}

void control_url_list_done(struct control_url_list *list)
{
	free(list->items);
	*list = (struct control_url_list){0};
}
