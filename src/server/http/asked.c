/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/asked.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

/* A part of a text, without blanks around it. */
struct part {
	const char *text;
	size_t len;
};

static struct part trimmed(const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return (struct part){text, len};
}

/* The first element of the list; empty when there is no such field. */
static struct part forwarded(const struct http_head *head, const char *name)
{
	const char *value = http_head_field(head, name);

	return value ? trimmed(value, strcspn(value, ",")) : (struct part){0};
}

static bool is_host(const struct part *host)
{
	if (host->len == 0 || host->len > HTTPD_ASKED_HOST_MAX)
		return false;
	for (size_t i = 0; i < host->len; i++) {
		const char c = host->text[i];

		if (c <= ' ' || c > '~' || strchr("/\\?#@,\"<>", c))
			return false;
	}
	return true;
}

static bool equals(const struct part *part, const char *word)
{
	return part->len == strlen(word) && strncasecmp(part->text, word, part->len) == 0;
}

/* The host is checked. */
static void put_origin(bool tls, struct part host, char ret[static HTTPD_ASKED_TEXT])
{
	const char *port = tls ? ":443" : ":80";
	size_t port_len = strlen(port);

	if (host.len > port_len && strncmp(host.text + host.len - port_len, port, port_len) == 0)
		host.len -= port_len;
	(void)snprintf(ret, HTTPD_ASKED_TEXT, "%s://%.*s", tls ? "https" : "http", (int)host.len,
	               host.text);
	for (char *c = ret; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
}

void httpd_asked_url(const struct source_trust *trust, const struct ls_ip *peer, bool tls,
                     const struct http_head *head, char ret[static HTTPD_ASKED_TEXT])
{
	const char *own = http_head_field(head, "Host");
	struct part host = own ? trimmed(own, strlen(own)) : (struct part){0};

	if (httpd_source_is_trusted(trust, peer)) {
		struct part their_host = forwarded(head, "X-Forwarded-Host");
		struct part scheme = forwarded(head, "X-Forwarded-Proto");

		if (is_host(&their_host))
			host = their_host;
		if (equals(&scheme, "https") || equals(&scheme, "http"))
			tls = equals(&scheme, "https");
	}
	ret[0] = '\0';
	if (is_host(&host))
		put_origin(tls, host, ret);
}

bool httpd_asked_is(const char *url, const char *asked)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;
	const char *host = strstr(url, "://");
	char origin[HTTPD_ASKED_TEXT];
	struct part part;

	if (!host)
		return false;
	host += strlen("://");
	part = (struct part){host, strcspn(host, "/?#")};
	if (!is_host(&part))
		return false;
	put_origin(tls, part, origin);
	return ls_streq(origin, asked);
}
