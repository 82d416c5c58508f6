/* SPDX-License-Identifier: Apache-2.0 */
/* Value types for IP addresses, prefixes and UDP/TCP endpoints, with their text forms: read as in
 * RFC 4291 2.2, written as in RFC 5952, with the brackets of RFC 3986 around IPv6 in endpoints.
 * IPv4-mapped IPv6 addresses become IPv4 addresses. */
#ifndef LS_WIRE_IP_H
#define LS_WIRE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum ls_family {
	LS_FAMILY_NONE = 0, /* "no address": the zero value */
	LS_FAMILY_V4 = 4,
	LS_FAMILY_V6 = 6,
};

struct ls_ip {
	enum ls_family family;
	uint8_t b[16]; /* network byte order; IPv4 uses the first 4 bytes, the rest is zero */
};

struct ls_prefix {
	struct ls_ip ip; /* host bits are zero in a canonical prefix */
	uint8_t bits;
};

struct ls_endpoint {
	struct ls_ip ip;
	uint16_t port;     /* host byte order */
	uint32_t scope_id; /* interface index for fe80::/10, else 0 */
};

enum {
	LS_IP_TEXT = 46, /* buffer sizes, with NUL */
	LS_PREFIX_TEXT = 50,
	LS_ENDPOINT_TEXT = 72,
};

/* From 4 or 16 bytes in network byte order. */
struct ls_ip ls_ip_from_bytes(enum ls_family family, const uint8_t *bytes);
size_t ls_ip_len(const struct ls_ip *ip);      /* 4, 16, or 0 */
uint8_t ls_family_bits(enum ls_family family); /* 32, 128, or 0 */
bool ls_ip_equal(const struct ls_ip *a, const struct ls_ip *b);
int ls_ip_compare(const struct ls_ip *a,
                  const struct ls_ip *b); /* orders IPv4 before IPv6, then by bytes */
bool ls_ip_is_link_local(const struct ls_ip *ip);
bool ls_ip_is_loopback(const struct ls_ip *ip);
/* What counts as one source of requests: an IPv4 address, or an IPv6 /64 with zeros behind it,
 * since a host can use all addresses of its /64. */
struct ls_ip ls_ip_source(const struct ls_ip *ip);

/* Parses a numeric address: no names, nothing before or after it. LS_ERROR_SYNTAX when it is
 * none. */
int ls_ip_parse(const char *s, struct ls_ip *ret) LS_MUST_CHECK;
/* Parses "IP/BITS", or an IP, which stands for all its bits. When host bits are set,
 * ls_prefix_parse returns LS_ERROR_BAD_VALUE and ls_prefix_parse_network clears them. */
int ls_prefix_parse(const char *s, struct ls_prefix *ret) LS_MUST_CHECK;
int ls_prefix_parse_network(const char *s, struct ls_prefix *ret) LS_MUST_CHECK;
/* Parses "1.2.3.4:5", "[2001:db8::1]:5" or "[fe80::1%2]:5"; refuses port 0. */
int ls_endpoint_parse(const char *s, struct ls_endpoint *ret) LS_MUST_CHECK;

/* These write into the caller's buffer and return it. */
const char *ls_ip_format(const struct ls_ip *ip, char buf[static LS_IP_TEXT]);
const char *ls_prefix_format(const struct ls_prefix *prefix, char buf[static LS_PREFIX_TEXT]);
const char *ls_endpoint_format(const struct ls_endpoint *ep, char buf[static LS_ENDPOINT_TEXT]);

bool ls_prefix_equal(const struct ls_prefix *a, const struct ls_prefix *b);
bool ls_prefix_contains(const struct ls_prefix *prefix, const struct ls_ip *ip);
bool ls_prefix_overlaps(const struct ls_prefix *a, const struct ls_prefix *b);
/* The prefix with its host bits cleared. */
struct ls_prefix ls_prefix_masked(const struct ls_prefix *prefix);
/* The prefix that contains only this address. */
struct ls_prefix ls_prefix_host(const struct ls_ip *ip);

bool ls_endpoint_equal(const struct ls_endpoint *a, const struct ls_endpoint *b);
/* Returns the length of the address written. */
socklen_t ls_endpoint_to_sockaddr(const struct ls_endpoint *ep, struct sockaddr_storage *ret);
/* LS_ERROR_BAD_VALUE for other families. */
int ls_endpoint_from_sockaddr(const struct sockaddr *sa, struct ls_endpoint *ret) LS_MUST_CHECK;

#endif
