/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resolv_conf.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/files.h"

static const char blanks[] = " \t\r";

/* Moves *at to the next word of a line that ends at `end`, and returns its length; 0 at the end of
 * the line or at a comment. */
static size_t next_word(const char **at, const char *end)
{
	const char *p = *at + strspn(*at, blanks);
	size_t len;

	*at = p;
	if (p >= end || *p == '#' || *p == ';')
		return 0;
	len = strcspn(p, " \t\r\n");
	return len;
}

static bool word_is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(word, text, len) == 0;
}

static void add_server(struct net_resolv_conf *conf, const char *word, size_t len)
{
	bool v6 = memchr(word, ':', len) != NULL;
	struct ls_endpoint *server = &conf->servers[conf->server_count];
	char text[LS_ENDPOINT_TEXT];

	if (conf->server_count == NET_RESOLV_CONF_SERVERS_MAX || len > sizeof(text) - 8)
		return;
	(void)snprintf(text, sizeof(text), "%s%.*s%s:53", v6 ? "[" : "", (int)len, word,
	               v6 ? "]" : "");
	if (ls_endpoint_parse(text, server) < 0)
		return;
	conf->has_zone |= server->scope_id != 0;
	conf->server_count++;
}

static void parse_line(struct net_resolv_conf *conf, const char *line, const char *end)
{
	const char *at = line;
	size_t len = next_word(&at, end);
	bool is_options = word_is(at, len, "options");

	if (word_is(at, len, "nameserver")) {
		at += len;
		len = next_word(&at, end);
		add_server(conf, at, len);
		return;
	}
	while (is_options && len > 0) {
		at += len;
		len = next_word(&at, end);
		conf->use_vc |= word_is(at, len, "use-vc");
	}
}

void net_resolv_conf_parse(const char *text, struct net_resolv_conf *ret)
{
	*ret = (struct net_resolv_conf){0};
	for (const char *line = text; *line;) {
		const char *end = line + strcspn(line, "\n");

		parse_line(ret, line, end);
		line = end + (*end == '\n');
	}
}

void net_resolv_conf_read(const char *path, struct net_resolv_conf *ret)
{
	LS_FREE char *text = NULL;
	size_t len;

	if (ls_file_read(path, NET_RESOLV_CONF_BYTES_MAX, &text, &len, NULL) < 0)
		*ret = (struct net_resolv_conf){0};
	else
		net_resolv_conf_parse(text, ret);
}

uint32_t net_resolv_conf_zone(const struct net_resolv_conf *conf, const struct ls_ip *ip)
{
	for (size_t i = 0; i < conf->server_count; i++) {
		if (conf->servers[i].scope_id != 0 && ls_ip_equal(&conf->servers[i].ip, ip))
			return conf->servers[i].scope_id;
	}
	return 0;
}
