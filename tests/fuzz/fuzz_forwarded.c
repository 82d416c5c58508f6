/* SPDX-License-Identifier: Apache-2.0 */
/* X-Forwarded-For: the first byte chooses the peer, each line that follows is a header. Whoever is
 * not a trusted proxy cannot choose the source of a request: nothing that is put to the left of
 * what decided changes it. */
#include <stdlib.h>
#include <string.h>

#include "server/http/source.h"
#include "tests/fuzz/fuzz.h"

enum {
	HEADERS_MAX = 8
};

static const char *const peers[] = {"192.0.2.1", "10.1.2.3", "2001:db8::1", "fd00::7", "127.0.0.1"};
static const char *const trusted[] = {"10.0.0.0/8", "127.0.0.1", "fd00::/8"};
static const char *const forged[] = {"203.0.113.9", "10.9.9.9", "127.0.0.1, ::1", "nonsense", ","};

struct trust {
	struct ls_prefix prefixes[sizeof(trusted) / sizeof(trusted[0])];
	struct source_trust list;
};

static void make_trust(struct trust *ret)
{
	const size_t n = sizeof(trusted) / sizeof(trusted[0]);

	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(ls_prefix_parse(trusted[i], &ret->prefixes[i]) == 0);
	ret->list = (struct source_trust){.prefixes = ret->prefixes, .count = n};
}

static bool is_trusted(const struct trust *trust, const struct ls_ip *ip)
{
	return httpd_source_is_trusted(&trust->list, ip);
}

static void add(struct http_head *head, const char *name, const char *value)
{
	head->fields[head->field_count++] = (struct http_field){.name = name, .value = value};
}

/* Cuts the lines apart. A parsed header has no NUL. */
static void make_head(char *text, size_t len, struct http_head *ret)
{
	char *line = text, *end;

	*ret = (struct http_head){0};
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '\0' ? ' ' : text[i];
	while (line && ret->field_count < HEADERS_MAX) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		add(ret, ret->field_count % 2 ? "x-forwarded-for" : "X-Forwarded-For", line);
		line = end;
	}
}

/* The same headers behind one that somebody has forged. */
static void check_forged(const struct trust *trust, const struct ls_ip *peer,
                         const struct http_head *head, const struct ls_ip *source)
{
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct http_head other = {0};
		struct ls_ip got;

		add(&other, "X-Forwarded-For", forged[i]);
		for (size_t k = 0; k < head->field_count; k++)
			add(&other, head->fields[k].name, head->fields[k].value);
		got = httpd_source_of(&trust->list, peer, &other);
		FUZZ_CHECK(ls_ip_equal(&got, source));
	}
}

static void check(const struct trust *trust, const struct ls_ip *peer, const struct http_head *head)
{
	struct http_head others = {0};
	struct ls_ip source = httpd_source_of(&trust->list, peer, head), whole, again;

	if (!is_trusted(trust, peer))
		FUZZ_CHECK(ls_ip_equal(&source, peer));
	/* Only a source that is itself a proxy, when all were, leaves more to say. */
	if (source.family == LS_FAMILY_NONE || !is_trusted(trust, &source))
		check_forged(trust, peer, head, &source);
	for (size_t i = 0; i < head->field_count; i++)
		add(&others, "X-Forwarded-By", head->fields[i].value);
	again = httpd_source_of(&trust->list, peer, &others);
	FUZZ_CHECK(ls_ip_equal(&again, peer));
	whole = ls_ip_source(&source);
	again = ls_ip_source(&whole);
	FUZZ_CHECK(whole.family == source.family && ls_ip_equal(&whole, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct trust trust;
	struct http_head head;
	struct ls_ip peer;

	FUZZ_CHECK(text);
	if (size > 0)
		memcpy(text, data + 1, size - 1);
	make_trust(&trust);
	make_head(text, size > 0 ? size - 1 : 0, &head);
	FUZZ_CHECK(ls_ip_parse(peers[size > 0 ? data[0] % 5 : 0], &peer) == 0);
	check(&trust, &peer, &head);
	free(text);
	return 0;
}
