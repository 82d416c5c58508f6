/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/check.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "control/url.h"
#include "proto/names.h"

int cli_mapping_parse(const char *text, struct ls_prefix *ret_real, struct ls_prefix *ret_mapped)
{
	char real_text[LS_PREFIX_TEXT];
	const char *equals = strchr(text, '=');
	struct ls_prefix real, mapped;

	if (!equals || (size_t)(equals - text) >= sizeof(real_text))
		return LS_ERROR_SYNTAX;
	(void)snprintf(real_text, sizeof(real_text), "%.*s", (int)(equals - text), text);
	if (ls_prefix_parse_network(real_text, &real) < 0 ||
	    ls_prefix_parse_network(equals + 1, &mapped) < 0)
		return LS_ERROR_SYNTAX;
	if (real.ip.family != mapped.ip.family || real.bits != mapped.bits)
		return LS_ERROR_BAD_VALUE;
	*ret_real = real;
	*ret_mapped = mapped;
	return 0;
}

static int refuse(const struct cli_option *option, const char *text, struct ls_fail *fail,
                  const char *why)
{
	return ls_fail_set(fail, LS_ERROR_USAGE, "--%s '%.100s': %s", option->name, text, why);
}

static int check_number(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	uint64_t number;
	char why[96];

	if (ls_parse_u64(text, option->min, option->max, &number) == 0)
		return 0;
	(void)snprintf(why, sizeof(why), "not a whole number from %" PRIu64 " to %" PRIu64,
	               option->min, option->max);
	return refuse(option, text, fail, why);
}

static int check_prefix(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	struct ls_prefix prefix, network;
	char why[128], canonical[LS_PREFIX_TEXT];

	if (ls_prefix_parse(text, &prefix) == 0)
		return 0;
	if (ls_prefix_parse_network(text, &network) < 0)
		return refuse(option, text, fail, "not an IP prefix such as 192.168.10.0/24");
	(void)snprintf(why, sizeof(why), "bits are set after the prefix; did you mean %s?",
	               ls_prefix_format(&network, canonical));
	return refuse(option, text, fail, why);
}

static int check_route(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	struct ls_prefix prefix;

	if (ls_prefix_parse_network(text, &prefix) == 0)
		return 0;
	return refuse(option, text, fail, "not an IP prefix such as 192.168.10.0/24");
}

static int check_endpoint(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	struct ls_fail inner;

	if (strchr(text, '%'))
		return refuse(option, text, fail,
		              "a zone id such as %eth0 means nothing to other hosts; announce an "
		              "address without one");
	if (proto_name_check_announced(text, "it", &inner) == 0)
		return 0;
	return refuse(option, text, fail,
	              "not an address and port such as 203.0.113.1:51820 or [2001:db8::1]:51820, "
	              "nor a name and port such as host.example.net:51820");
}

static int check_host_port(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	struct ls_fail inner;

	if (proto_name_check_host_port(text, "it", &inner) == 0)
		return 0;
	return refuse(option, text, fail,
	              "not a host and port such as stun.example.net:3478 or [2001:db8::1]:3478");
}

static int check_mapping(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	struct ls_prefix real, mapped;
	int r = cli_mapping_parse(text, &real, &mapped);

	if (r == 0)
		return 0;
	if (r == LS_ERROR_BAD_VALUE)
		return refuse(option, text, fail,
		              "both prefixes must be of one family and one length");
	return refuse(option, text, fail,
	              "not REAL=MAPPED, such as 192.168.10.0/24=10.200.10.0/24");
}

/* Returns 0 when `text` is one of `choices`; else LS_ERROR_USAGE, and `why` lists the choices. */
static int find_choice(const char *const *choices, const char *text, char *why, size_t size)
{
	const char *near = cli_suggest_choice(choices, text);
	int len = snprintf(why, size, "must be one of");

	for (size_t i = 0; choices[i]; i++) {
		if (ls_streq(choices[i], text))
			return 0;
		if (len >= 0 && (size_t)len < size)
			len += snprintf(why + len, size - (size_t)len, "%s %s", i > 0 ? "," : "",
			                choices[i]);
	}
	if (near && len >= 0 && (size_t)len < size)
		(void)snprintf(why + len, size - (size_t)len, "; did you mean %s?", near);
	return LS_ERROR_USAGE;
}

static int check_choice(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	char why[160];

	if (find_choice(option->choices, text, why, sizeof(why)) == 0)
		return 0;
	return refuse(option, text, fail, why);
}

int cli_check_positional(const struct cli_positional *spec, const char *text, struct ls_fail *fail)
{
	char why[160];

	if (text[0] == '\0')
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s must not be empty", spec->name);
	if (ls_str_has_control(text) || !ls_utf8_valid(text, strlen(text)))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "%s must be UTF-8 without control characters", spec->name);
	if (!spec->choices || find_choice(spec->choices, text, why, sizeof(why)) == 0)
		return 0;
	return ls_fail_set(fail, LS_ERROR_USAGE, "%s '%.60s': %s", spec->name, text, why);
}

static int check_ifname(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789-_.";

	if (!ls_str_starts(text, "ls-") || text[3] == '\0' || strlen(text) > 15 ||
	    text[strspn(text, allowed)] != '\0')
		return refuse(option, text, fail,
		              "must be ls-NAME, at most 15 letters, digits, '-', '_' and '.'");
	return 0;
}

static int check_url(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	struct control_url url;
	struct ls_fail inner = {0};

	if (control_url_parse(text, &url, &inner) == 0)
		return 0;
	return ls_fail_set(fail, LS_ERROR_USAGE, "--%s: %s", option->name, inner.text);
}

/* The part before the query is like a control server's. */
static int check_page_url(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	LS_FREE char *page = ls_strdup(text);
	size_t len = strcspn(page, "?#");

	if (text[len] == '?' || text[len] == '#')
		page[len] = '\0';
	for (size_t i = len; text[i]; i++) {
		if (!strchr("!#$%&'()*+,-./:;=?@_~[]", text[i]) && !isalnum((unsigned char)text[i]))
			return ls_fail_set(fail, LS_ERROR_USAGE,
			                   "--%s: the query holds a character that must be escaped",
			                   option->name);
	}
	return check_url(option, page, fail);
}

int cli_check_value(const struct cli_option *option, const char *text, struct ls_fail *fail)
{
	/* Every kind refuses an empty value, control characters and bytes that are not UTF-8. These
	 * messages do not repeat the value: it may be a secret. */
	if (text[0] == '\0')
		return ls_fail_set(fail, LS_ERROR_USAGE, "--%s: the value must not be empty",
		                   option->name);
	if (ls_str_has_control(text) || !ls_utf8_valid(text, strlen(text)))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "--%s: the value must be UTF-8 without control characters",
		                   option->name);
	switch (option->kind) {
	case CLI_FLAG:
	case CLI_TEXT:
	case CLI_SECRET:
		return 0;
	case CLI_NUMBER:
		return check_number(option, text, fail);
	case CLI_PREFIX:
		return check_prefix(option, text, fail);
	case CLI_ROUTE:
		return check_route(option, text, fail);
	case CLI_ENDPOINT:
		return check_endpoint(option, text, fail);
	case CLI_HOST_PORT:
		return check_host_port(option, text, fail);
	case CLI_MAPPING:
		return check_mapping(option, text, fail);
	case CLI_URL:
		return check_url(option, text, fail);
	case CLI_PAGE_URL:
		return check_page_url(option, text, fail);
	case CLI_CHOICE:
		return check_choice(option, text, fail);
	case CLI_IFNAME:
		return check_ifname(option, text, fail);
	}
	return LS_ERROR_USAGE;
}
