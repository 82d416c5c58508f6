/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ip.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum {
	SOURCE_V6_BITS = 64,
};

static const uint8_t mapped_head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

size_t ls_ip_len(const struct ls_ip *ip)
{
	return ls_family_bits(ip->family) / 8;
}

uint8_t ls_family_bits(enum ls_family family)
{
	switch (family) {
	case LS_FAMILY_V4:
		return 32;
	case LS_FAMILY_V6:
		return 128;
	case LS_FAMILY_NONE:
		break;
	}
	return 0;
}

bool ls_ip_equal(const struct ls_ip *a, const struct ls_ip *b)
{
	return ls_ip_compare(a, b) == 0;
}

int ls_ip_compare(const struct ls_ip *a, const struct ls_ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, ls_ip_len(a));
}

bool ls_ip_is_link_local(const struct ls_ip *ip)
{
	if (ip->family == LS_FAMILY_V4)
		return ip->b[0] == 169 && ip->b[1] == 254;
	return ip->family == LS_FAMILY_V6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

bool ls_ip_is_loopback(const struct ls_ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	if (ip->family == LS_FAMILY_V4)
		return ip->b[0] == 127;
	return ip->family == LS_FAMILY_V6 && memcmp(ip->b, one, sizeof(one)) == 0;
}

static void set_v6(struct ls_ip *ip, const uint8_t b[static 16])
{
	*ip = (struct ls_ip){0};
	if (memcmp(b, mapped_head, sizeof(mapped_head)) == 0) {
		ip->family = LS_FAMILY_V4;
		memcpy(ip->b, b + 12, 4);
		return;
	}
	ip->family = LS_FAMILY_V6;
	memcpy(ip->b, b, 16);
}

struct ls_ip ls_ip_from_bytes(enum ls_family family, const uint8_t *bytes)
{
	struct ls_ip ip = {.family = family};

	if (family == LS_FAMILY_V6)
		set_v6(&ip, bytes);
	else
		memcpy(ip.b, bytes, ls_ip_len(&ip));
	return ip;
}

int ls_ip_parse(const char *s, struct ls_ip *ret)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, s, b) == 1) {
		*ret = (struct ls_ip){.family = LS_FAMILY_V4};
		memcpy(ret->b, b, 4);
		return 0;
	}
	if (inet_pton(AF_INET6, s, b) == 1) {
		set_v6(ret, b);
		return 0;
	}
	return LS_ERROR_SYNTAX;
}

int ls_prefix_parse_network(const char *s, struct ls_prefix *ret)
{
	struct ls_prefix parsed;
	char host[LS_IP_TEXT];
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	uint64_t bits;
	int r;

	if (len >= sizeof(host))
		return LS_ERROR_SYNTAX;
	memcpy(host, s, len);
	host[len] = '\0';
	r = ls_ip_parse(host, &parsed.ip);
	if (r < 0)
		return r;
	bits = ls_family_bits(parsed.ip.family);
	/* The length of a mapped IPv6 prefix would have to be translated, but nobody uses such
	 * prefixes. */
	if (parsed.ip.family == LS_FAMILY_V4 && strchr(host, ':'))
		return LS_ERROR_SYNTAX;
	if (slash && ls_parse_u64(slash + 1, 0, bits, &bits) < 0)
		return LS_ERROR_SYNTAX;
	parsed.bits = (uint8_t)bits;
	*ret = ls_prefix_masked(&parsed);
	return 0;
}

int ls_prefix_parse(const char *s, struct ls_prefix *ret)
{
	char host[LS_IP_TEXT];
	struct ls_prefix parsed;
	struct ls_ip ip;
	int r = ls_prefix_parse_network(s, &parsed);

	if (r < 0)
		return r;
	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(s, "/"), s);
	r = ls_ip_parse(host, &ip);
	if (r < 0)
		return r;
	if (!ls_ip_equal(&ip, &parsed.ip))
		return LS_ERROR_BAD_VALUE;
	*ret = parsed;
	return 0;
}

static int parse_scoped_v6(char *host, struct ls_endpoint *ret)
{
	char *percent = strchr(host, '%');
	uint64_t scope = 0;
	int r;

	if (percent) {
		*percent = '\0';
		if (ls_parse_u64(percent + 1, 1, UINT32_MAX, &scope) < 0)
			scope = if_nametoindex(percent + 1);
		if (scope == 0)
			return LS_ERROR_SYNTAX;
	}
	r = ls_ip_parse(host, &ret->ip);
	if (r < 0)
		return r;
	if (!strchr(host, ':'))
		return LS_ERROR_SYNTAX;
	ret->scope_id = (uint32_t)scope;
	return 0;
}

int ls_endpoint_parse(const char *s, struct ls_endpoint *ret)
{
	struct ls_endpoint parsed = {0};
	char host[LS_ENDPOINT_TEXT];
	const char *colon = strrchr(s, ':');
	uint64_t port;
	size_t len;
	int r;

	if (!colon || ls_parse_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
		return LS_ERROR_SYNTAX;
	len = (size_t)(colon - s);
	if (len == 0 || len >= sizeof(host))
		return LS_ERROR_SYNTAX;
	memcpy(host, s, len);
	host[len] = '\0';
	if (host[0] == '[') {
		if (host[len - 1] != ']')
			return LS_ERROR_SYNTAX;
		host[len - 1] = '\0';
		r = parse_scoped_v6(host + 1, &parsed);
	} else {
		r = strchr(host, ':') ? LS_ERROR_SYNTAX : ls_ip_parse(host, &parsed.ip);
	}
	if (r < 0)
		return r;
	parsed.port = (uint16_t)port;
	*ret = parsed;
	return 0;
}

const char *ls_ip_format(const struct ls_ip *ip, char buf[static LS_IP_TEXT])
{
	buf[0] = '\0';
	if (ip->family != LS_FAMILY_NONE)
		(void)inet_ntop(ip->family == LS_FAMILY_V4 ? AF_INET : AF_INET6, ip->b, buf,
		                LS_IP_TEXT);
	return buf;
}

const char *ls_prefix_format(const struct ls_prefix *prefix, char buf[static LS_PREFIX_TEXT])
{
	char ip[LS_IP_TEXT];

	(void)snprintf(buf, LS_PREFIX_TEXT, "%s/%u", ls_ip_format(&prefix->ip, ip),
	               (unsigned)prefix->bits);
	return buf;
}

const char *ls_endpoint_format(const struct ls_endpoint *ep, char buf[static LS_ENDPOINT_TEXT])
{
	char ip[LS_IP_TEXT];

	(void)ls_ip_format(&ep->ip, ip);
	if (ep->ip.family == LS_FAMILY_V6 && ep->scope_id != 0)
		(void)snprintf(buf, LS_ENDPOINT_TEXT, "[%s%%%u]:%u", ip, ep->scope_id, ep->port);
	else if (ep->ip.family == LS_FAMILY_V6)
		(void)snprintf(buf, LS_ENDPOINT_TEXT, "[%s]:%u", ip, ep->port);
	else
		(void)snprintf(buf, LS_ENDPOINT_TEXT, "%s:%u", ip, ep->port);
	return buf;
}

bool ls_prefix_equal(const struct ls_prefix *a, const struct ls_prefix *b)
{
	return a->bits == b->bits && ls_ip_equal(&a->ip, &b->ip);
}

bool ls_prefix_contains(const struct ls_prefix *prefix, const struct ls_ip *ip)
{
	struct ls_prefix other = {.ip = *ip, .bits = prefix->bits};

	if (prefix->ip.family != ip->family || ip->family == LS_FAMILY_NONE)
		return false;
	other = ls_prefix_masked(&other);
	return ls_ip_equal(&other.ip, &prefix->ip);
}

bool ls_prefix_overlaps(const struct ls_prefix *a, const struct ls_prefix *b)
{
	return a->bits <= b->bits ? ls_prefix_contains(a, &b->ip) : ls_prefix_contains(b, &a->ip);
}

struct ls_prefix ls_prefix_masked(const struct ls_prefix *prefix)
{
	struct ls_prefix masked = *prefix;
	size_t whole = prefix->bits / 8;

	for (size_t i = whole; i < sizeof(masked.ip.b); i++) {
		unsigned keep = i == whole ? prefix->bits % 8u : 0;

		masked.ip.b[i] = (uint8_t)(masked.ip.b[i] & (0xff00u >> keep));
	}
	return masked;
}

struct ls_ip ls_ip_source(const struct ls_ip *ip)
{
	struct ls_prefix prefix = {.ip = *ip, .bits = SOURCE_V6_BITS};

	return ip->family == LS_FAMILY_V6 ? ls_prefix_masked(&prefix).ip : *ip;
}

struct ls_prefix ls_prefix_host(const struct ls_ip *ip)
{
	return (struct ls_prefix){.ip = *ip, .bits = ls_family_bits(ip->family)};
}

bool ls_endpoint_equal(const struct ls_endpoint *a, const struct ls_endpoint *b)
{
	return a->port == b->port && a->scope_id == b->scope_id && ls_ip_equal(&a->ip, &b->ip);
}

socklen_t ls_endpoint_to_sockaddr(const struct ls_endpoint *ep, struct sockaddr_storage *ret)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(ep->port)};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
	                            .sin6_port = htons(ep->port),
	                            .sin6_scope_id = ep->scope_id};

	if (ep->ip.family == LS_FAMILY_V6) {
		memcpy(&sin6.sin6_addr, ep->ip.b, 16);
		memcpy(ret, &sin6, sizeof(sin6));
		return sizeof(sin6);
	}
	memcpy(&sin.sin_addr, ep->ip.b, 4);
	memcpy(ret, &sin, sizeof(sin));
	return sizeof(sin);
}

int ls_endpoint_from_sockaddr(const struct sockaddr *sa, struct ls_endpoint *ret)
{
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	if (sa->sa_family == AF_INET) {
		memcpy(&sin, sa, sizeof(sin));
		*ret = (struct ls_endpoint){.ip.family = LS_FAMILY_V4, .port = ntohs(sin.sin_port)};
		memcpy(ret->ip.b, &sin.sin_addr, 4);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		*ret = (struct ls_endpoint){.port = ntohs(sin6.sin6_port)};
		set_v6(&ret->ip, sin6.sin6_addr.s6_addr);
		if (ls_ip_is_link_local(&ret->ip))
			ret->scope_id = sin6.sin6_scope_id;
		return 0;
	}
	return LS_ERROR_BAD_VALUE;
}
