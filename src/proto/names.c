/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/names.h"

#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "wire/ip.h"

/* Returns what is wrong with a label of len bytes, or NULL. */
static const char *label_fault(const char *s, size_t len)
{
	if (len == 0)
		return "is empty";
	if (len > LIMIT_NODE_NAME_LEN)
		return "is longer than the 63 characters of a DNS label";
	if (s[0] == '-' || s[len - 1] == '-')
		return "must not start or end with a hyphen";
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return "may only have letters, digits and hyphens, to be usable in DNS";
	}
	return NULL;
}

static const char *domain_fault(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, ".");
		const char *fault = label_fault(s, len);

		if (fault && len == 0)
			return "has an empty label";
		if (fault || s[len] == '\0')
			return fault;
		s += len + 1;
	}
}

static int refuse(struct ls_fail *fail, const char *what, const char *fault)
{
	if (!fault)
		return 0;
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s %s", what, fault);
}

int proto_name_check_label(const char *s, const char *what, struct ls_fail *fail)
{
	return refuse(fail, what, label_fault(s, strlen(s)));
}

int proto_name_check_domain(const char *s, const char *what, struct ls_fail *fail)
{
	if (*s == '\0')
		return refuse(fail, what, "is empty");
	if (strlen(s) > LIMIT_DNS_DOMAIN_LEN)
		return refuse(fail, what, "is too long to carry node names");
	return refuse(fail, what, domain_fault(s));
}

int proto_name_check_text(const char *s, size_t max_len, const char *what, struct ls_fail *fail)
{
	if (s[strspn(s, " ")] == '\0')
		return refuse(fail, what, "is empty");
	if (strlen(s) > max_len)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s is longer than %zu bytes", what,
		                   max_len);
	if (ls_str_has_control(s))
		return refuse(fail, what, "has control characters");
	return refuse(fail, what, ls_utf8_valid(s, strlen(s)) ? NULL : "is not UTF-8");
}

int proto_name_check_tag(const char *s, const char *what, struct ls_fail *fail)
{
	if (strpbrk(s, " ,"))
		return refuse(fail, what, "must not have blanks or commas");
	return proto_name_check_text(s, LIMIT_TAG_LEN, what, fail);
}

int proto_name_check_host_port(const char *s, const char *what, struct ls_fail *fail)
{
	const char *colon = strrchr(s, ':');
	char host[LIMIT_DNS_NAME_LEN + 1];
	struct ls_endpoint endpoint;
	size_t len = colon ? (size_t)(colon - s) : 0;
	uint64_t port;

	if (ls_endpoint_parse(s, &endpoint) == 0)
		return 0;
	if (!colon || ls_parse_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
		return refuse(fail, what, "is not host:port");
	if (len >= sizeof(host))
		return refuse(fail, what, "has too long a host name");
	memcpy(host, s, len);
	host[len] = '\0';
	/* A name of digits and dots only would be an IPv4 address, but it is not a valid one. */
	if (len == 0 || domain_fault(host) || host[strspn(host, "0123456789.")] == '\0')
		return refuse(fail, what, "is not host:port");
	return 0;
}

int proto_name_check_announced(const char *s, const char *what, struct ls_fail *fail)
{
	if (strchr(s, '%'))
		return refuse(fail, what, "has a zone id, which only this host understands");
	return proto_name_check_host_port(s, what, fail);
}

int proto_name_check_profile(const char *s, struct ls_fail *fail)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789._-";
	const char *fault = NULL;

	if (*s == '\0')
		fault = "is empty";
	else if (strlen(s) > LIMIT_PROFILE_LEN)
		fault = "is longer than 64 characters";
	else if (*s == '.' || *s == '-')
		fault = "must start with a letter, a digit or '_'";
	else if (s[strspn(s, allowed)] != '\0')
		fault = "may only have letters, digits, '.', '_' and '-'";
	return refuse(fail, "profile name", fault);
}

static char label_character(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return '-';
}

bool proto_name_from_host(const char *host, char ret[static LIMIT_NODE_NAME_LEN + 1])
{
	char name[LIMIT_NODE_NAME_LEN + 1] = "";
	size_t len = 0;

	for (; *host && *host != '.' && len < LIMIT_NODE_NAME_LEN; host++) {
		char c = label_character(*host);

		if (c != '-' || (len > 0 && name[len - 1] != '-'))
			name[len++] = c;
	}
	while (len > 0 && name[len - 1] == '-')
		len--;
	if (len == 0)
		return false;
	name[len] = '\0';
	memcpy(ret, name, len + 1);
	return true;
}
