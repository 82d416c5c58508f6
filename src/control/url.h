/* SPDX-License-Identifier: Apache-2.0 */
/* Parses control URLs strictly: `http[s]://host[:port][/base]` (RFC 3986 without user info, query
 * and fragment). The default ports are 80 and 443. */
#ifndef LS_CONTROL_URL_H
#define LS_CONTROL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/limits.h"

enum {
	CONTROL_URL_HOST_MAX = 253, /* RFC 1035 2.3.4, as text without the last dot */
	CONTROL_URL_BASE_MAX = 200,
	CONTROL_URL_TEXT = 480,                /* buffer size, with NUL */
	CONTROL_URLS_MAX = LIMIT_CONTROL_URLS, /* of one list, and of a profile */
};

struct control_url {
	bool tls;
	bool numeric; /* host is an IP address */
	uint16_t port;
	char host[CONTROL_URL_HOST_MAX + 1]; /* lower case, without brackets */
	char base[CONTROL_URL_BASE_MAX + 1]; /* "" or "/a/b", without a slash at the end */
	char text[CONTROL_URL_TEXT]; /* normal form: without a default port and a last slash */
};

/* LS_ERROR_SYNTAX; `fail` has the URL and the reason. */
int control_url_parse(const char *s, struct control_url *ret, struct ls_fail *fail) LS_MUST_CHECK;

/* A list without duplicates. Zero-initialise it. */
struct control_url_list {
	struct control_url *items; /* malloced */
	size_t count;
	size_t first; /* index of the URL to try first: the last one that worked */
};

/* Appends the URLs of a comma-separated text, without duplicates. A failure leaves the list as it
 * was. */
int control_url_list_add(struct control_url_list *list, const char *urls,
                         struct ls_fail *fail) LS_MUST_CHECK;
void control_url_list_done(struct control_url_list *list);

#endif
