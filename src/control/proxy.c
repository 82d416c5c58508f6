/* SPDX-License-Identifier: Apache-2.0 */
#include "control/proxy.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/keys.h"
#include "wire/ip.h"

enum {
	PROXY_PORT = 1080, /* curl's default */
	VALUE_MAX = 1024,
	CREDENTIALS_MAX = 512,
};

static const char separators[] = ", \t";

/* The variables in the order in which they are read; NULL ends a list. */
static const char *const https_variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                              "ALL_PROXY", NULL};
/* A CGI program gets the header "Proxy" of a request as HTTP_PROXY: it is not the user's there. */
static const char *const cgi_variables[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
static const char *const http_variables[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY",
                                             NULL};
static const char *const none_variables[] = {"no_proxy", "NO_PROXY", NULL};

/* Returns the value of the first variable that is set and not empty, and its name in *ret. */
static const char *first_set(proxy_getenv_fn lookup, const char *const *names, const char **ret)
{
	for (; *names; names++) {
		const char *value = lookup(*names);

		if (value && *value) {
			*ret = *names;
			return value;
		}
	}
	return NULL;
}

/* --- no_proxy --- */

static bool names_address(const char *item, const char *host)
{
	struct ls_prefix prefix;
	struct ls_ip ip;

	return ls_ip_parse(host, &ip) == 0 && ls_prefix_parse_network(item, &prefix) == 0 &&
	       ls_prefix_contains(&prefix, &ip);
}

/* `item` matches the name itself and all names below it; a leading dot does not matter. */
static bool names_domain(const char *item, const char *host)
{
	size_t host_len = strlen(host), len;

	item += *item == '.';
	len = strlen(item);
	if (len > 0 && item[len - 1] == '.')
		len--;
	if (len == 0 || len > host_len || strncasecmp(host + host_len - len, item, len) != 0)
		return false;
	return host_len == len || host[host_len - len - 1] == '.';
}

static bool matches(const char *text, size_t len, const struct control_url *url)
{
	char item[CONTROL_URL_HOST_MAX + 8];

	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(item))
		return false;
	memcpy(item, text, len);
	item[len] = '\0';
	return ls_streq(item, "*") ||
	       (url->numeric ? names_address(item, url->host) : names_domain(item, url->host));
}

static bool goes_direct(const struct control_url *url, const char *list)
{
	struct ls_ip ip;

	if (ls_streq(url->host, "localhost") ||
	    (ls_ip_parse(url->host, &ip) == 0 && ls_ip_is_loopback(&ip)))
		return true;
	while (list && *list) {
		size_t len;

		list += strspn(list, separators);
		len = strcspn(list, separators);
		if (matches(list, len, url))
			return true;
		list += len;
	}
	return false;
}

/* --- the proxy's URL --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Encodes "user:pa%3Ass" as "Basic ..." (RFC 7617); NULL when it does not parse. */
static char *encode_credentials(const char *text, size_t len)
{
	char plain[CREDENTIALS_MAX];
	char encoded[sodium_base64_ENCODED_LEN(CREDENTIALS_MAX, sodium_base64_VARIANT_ORIGINAL)];
	bool sound = len < sizeof(plain) - 1;
	char *result = NULL;
	size_t n = 0;

	for (size_t i = 0; sound && i < len; i++) {
		int high = -1, low = -1;

		plain[n++] = text[i];
		if (text[i] != '%')
			continue;
		if (len - i >= 3) {
			high = hex_digit(text[i + 1]);
			low = hex_digit(text[i + 2]);
		}
		sound = high >= 0 && low >= 0;
		plain[n - 1] = (char)(high * 16 + low);
		i += 2;
	}
	if (sound) {
		size_t size = sizeof("Basic ") + sizeof(encoded);

		if (!memchr(text, ':', len))
			plain[n++] = ':';
		(void)sodium_bin2base64(encoded, sizeof(encoded), (unsigned char *)plain, n,
		                        sodium_base64_VARIANT_ORIGINAL);
		result = ls_new_bytes(size);
		(void)snprintf(result, size, "Basic %s", encoded);
	}
	key_wipe(plain, sizeof(plain));
	key_wipe(encoded, sizeof(encoded));
	return result;
}

static int refuse(struct ls_fail *fail, const char *variable, const char *why)
{
	return ls_fail_set(fail, LS_ERROR_SYNTAX,
	                   "the environment's %s: %s; a proxy is http://[USER:PASSWORD@]HOST:PORT",
	                   variable, why);
}

/* Parses HOST[:PORT], which may end in a slash. Returns NULL or what is wrong. */
static const char *parse_place(const char *authority, struct control_url *ret)
{
	size_t len = strcspn(authority, "/");
	const char *bracket = memchr(authority, ']', len);
	const char *colon = memchr(bracket ? bracket : authority, ':',
	                           len - (bracket ? (size_t)(bracket - authority) : 0));
	char text[CONTROL_URL_TEXT];
	struct ls_fail inner;

	if (authority[len + (authority[len] == '/')] != '\0')
		return "it has a path";
	if (len > CONTROL_URL_HOST_MAX + 8)
		return "it is too long";
	if (colon)
		(void)snprintf(text, sizeof(text), "http://%.*s", (int)len, authority);
	else
		(void)snprintf(text, sizeof(text), "http://%.*s:%d", (int)len, authority,
		               PROXY_PORT);
	return control_url_parse(text, ret, &inner) == 0 ? NULL : "it is not a URL";
}

static int parse(const char *value, const char *variable, struct proxy *proxy, struct ls_fail *fail)
{
	const char *scheme_end = strstr(value, "://");
	const char *rest = scheme_end ? scheme_end + 3 : value;
	const char *at = strrchr(rest, '@');
	const char *why;

	if (strlen(value) > VALUE_MAX)
		return refuse(fail, variable, "it is too long");
	if (scheme_end && (scheme_end - value != 4 || strncasecmp(value, "http", 4) != 0))
		return refuse(fail, variable, "only http:// proxies are supported");
	if (at) {
		proxy->authorization = encode_credentials(rest, (size_t)(at - rest));
		if (!proxy->authorization)
			return refuse(fail, variable, "its user name or password does not parse");
		rest = at + 1;
	}
	why = parse_place(rest, &proxy->url);
	if (why)
		return refuse(fail, variable, why);
	proxy->variable = variable;
	return 0;
}

int control_proxy_find(const struct control_url *url, proxy_getenv_fn lookup, struct proxy **ret,
                       struct ls_fail *fail)
{
	const char *variable, *none_variable;
	const char *const *variables = url->tls                   ? https_variables
	                               : lookup("REQUEST_METHOD") ? cgi_variables
	                                                          : http_variables;
	const char *value = first_set(lookup, variables, &variable);
	struct proxy *proxy;
	int r;

	if (!value || goes_direct(url, first_set(lookup, none_variables, &none_variable))) {
		*ret = NULL;
		return 0;
	}
	proxy = ls_new(struct proxy);
	r = parse(value, variable, proxy, fail);
	if (r < 0) {
		control_proxy_free(proxy);
		return r;
	}
	*ret = proxy;
	return 0;
}

void control_proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return;
	key_free_string(proxy->authorization);
	free(proxy);
}
