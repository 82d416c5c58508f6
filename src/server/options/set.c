/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "proto/names.h"
#include "server/state/former.h"
#include "server/state/secrets.h"

static int bad_usage(struct ls_fail *fail, const char *option, const char *value, const char *why)
{
	return ls_fail_set(fail, LS_ERROR_USAGE, "--%s %s: %s", option, value, why);
}

/* Like ls_endpoint_parse, but accepts port 0, which means any free port. */
static int parse_listen(const char *text, struct ls_endpoint *ret)
{
	const char *colon = strrchr(text, ':');
	char host[LS_ENDPOINT_TEXT];
	int n;

	if (!colon || strcmp(colon, ":0") != 0)
		return ls_endpoint_parse(text, ret);
	n = snprintf(host, sizeof(host), "%.*s:1", (int)(colon - text), text);
	if (n < 0 || (size_t)n >= sizeof(host) || ls_endpoint_parse(host, ret) < 0)
		return LS_ERROR_SYNTAX;
	ret->port = 0;
	return 0;
}

static int add_listen(struct listen_list *list, const char *option, const char *item,
                      struct ls_fail *fail)
{
	if (list->count == OPTIONS_LISTEN_MAX)
		return bad_usage(fail, option, item, "too many of them");
	if (parse_listen(item, &list->items[list->count]) < 0)
		return bad_usage(fail, option, item,
		                 "not an address and a port, as in 0.0.0.0:8080 or [::]:8080");
	list->count++;
	return 0;
}

static int add_proxy(struct options *options, const char *item, struct ls_fail *fail)
{
	if (options->proxy_count == OPTIONS_PROXIES_MAX)
		return bad_usage(fail, "trusted-proxy", item, "too many of them");
	if (ls_prefix_parse(item, &options->proxies[options->proxy_count]) < 0)
		return bad_usage(fail, "trusted-proxy", item,
		                 "not an address or a prefix, as in 127.0.0.1 or 10.0.0.0/8");
	options->proxy_count++;
	return 0;
}

static int add_host_port(struct option_list *list, const char *option, const char *item,
                         struct ls_fail *fail)
{
	struct ls_fail why;

	if (list->count == LIMIT_SERVERS)
		return bad_usage(fail, option, item, "too many of them");
	if (proto_name_check_host_port(item, "server", &why) < 0)
		return bad_usage(fail, option, item,
		                 "not a host and a port, as in relay.example:3478");
	list->items[list->count++] = ls_strdup(item);
	return 0;
}

static int add_url(struct option_list *list, const char *item, struct ls_fail *fail)
{
	bool http = ls_str_starts(item, "http://") || ls_str_starts(item, "https://");

	if (list->count == LIMIT_CONTROL_URLS)
		return bad_usage(fail, "control-url", item, "too many of them");
	if (!http || strlen(item) > LIMIT_URL_LEN || ls_str_has_control(item) || strchr(item, ' '))
		return bad_usage(fail, "control-url", item, "not an http:// or https:// URL");
	list->items[list->count++] = ls_strdup(item);
	return 0;
}

static int add_item(struct options *options, enum option_value option, const char *item,
                    struct ls_fail *fail)
{
	switch ((int)option) {
	case OPTION_LISTEN:
		return add_listen(&options->listen, "listen", item, fail);
	case OPTION_TLS_LISTEN:
		return add_listen(&options->tls_listen, "tls-listen", item, fail);
	case OPTION_METRICS_LISTEN:
		return add_listen(&options->metrics_listen, "metrics-listen", item, fail);
	case OPTION_TRUSTED_PROXY:
		return add_proxy(options, item, fail);
	case OPTION_CONTROL_URL:
		return add_url(&options->control_urls, item, fail);
	case OPTION_STUN:
		return add_host_port(&options->stun, "stun", item, fail);
	case OPTION_TURN:
		return add_host_port(&options->turn, "turn", item, fail);
	case OPTION_STREAM_RELAY:
		return add_host_port(&options->stream_relay, "stream-relay", item, fail);
	case OPTION_UDP_RELAY:
		return add_host_port(&options->udp_relay, "udp-relay", item, fail);
	default:
		return add_host_port(&options->dns, "dns", item, fail);
	}
}

static int add_items(struct options *options, enum option_value option, char *list,
                     struct ls_fail *fail)
{
	char *item = list;
	int r = 0;

	while (r == 0 && item) {
		char *comma = strchr(item, ',');

		if (comma)
			*comma++ = '\0';
		r = add_item(options, option, item, fail);
		item = comma;
	}
	return r;
}

static int set_token(struct options *options, const char *token, const char *from,
                     struct ls_fail *fail)
{
	size_t len = strlen(token);

	if (len == 0 || len > LIMIT_TOKEN_LEN)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "%s: the admin token must have 1 to %d characters", from,
		                   (int)LIMIT_TOKEN_LEN);
	for (size_t i = 0; i < len; i++) {
		if (token[i] <= ' ' || token[i] > '~')
			return ls_fail_set(fail, LS_ERROR_USAGE,
			                   "%s: the admin token may only have printable ASCII "
			                   "characters, and no blanks",
			                   from);
	}
	if (options->admin_token)
		state_secret_wipe(options->admin_token, strlen(options->admin_token));
	free(options->admin_token);
	options->admin_token = ls_strdup(token);
	return 0;
}

/* Only warns: in a container, for example, a file that all users can read may be intended. */
static void warn_if_readable(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0)
		ls_warn("options.readable",
		        "file=\"%s\" error=\"holds a secret that every user can "
		        "read; chmod o-r\"",
		        path);
}

static int read_token_file(struct options *options, const char *path, struct ls_fail *fail)
{
	LS_FREE char *data = NULL;
	size_t len = 0;
	int r = ls_file_read(path, 4096, &data, &len, fail);

	if (r < 0) {
		(void)ls_fail_prefix(fail, "--admin-token-file");
		return LS_ERROR_USAGE;
	}
	warn_if_readable(path);
	data[strcspn(data, "\r\n")] = '\0';
	r = set_token(options, data, "--admin-token-file", fail);
	state_secret_wipe(data, len);
	return r;
}

static int set_text(char **text, const char *option, const char *value, struct ls_fail *fail)
{
	if (*value == '\0')
		return bad_usage(fail, option, "\"\"", "it must not be empty");
	free(*text);
	*text = ls_strdup(value);
	return 0;
}

static int set_sandbox(struct options *options, const char *value, struct ls_fail *fail)
{
	options->no_sandbox = strcmp(value, "off") == 0;
	if (!options->no_sandbox && strcmp(value, "on") != 0)
		return bad_usage(fail, "sandbox", value, "on or off");
	return 0;
}

/* Days, hours, minutes or seconds, of at most 100 years. */
static bool parse_age(char *text, int64_t *ret)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t len = strlen(text);
	uint64_t n;

	for (size_t i = 0; len > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] != units[i].unit)
			continue;
		text[len - 1] = '\0';
		if (ls_parse_u64(text, 1, UINT64_C(36500) * 86400 / units[i].seconds, &n) < 0)
			return false;
		*ret = (int64_t)(n * units[i].seconds);
		return true;
	}
	return false;
}

static int set_reuse(struct options *options, const char *value, struct ls_fail *fail)
{
	LS_FREE char *age = NULL;
	bool good = true;

	if (strcmp(value, "never") == 0) {
		options->reuse_addresses_after_s = STATE_REUSE_NEVER;
	} else if (strcmp(value, "at-once") == 0) {
		options->reuse_addresses_after_s = 0;
	} else {
		good = ls_str_starts(value, "after ");
		age = ls_strdup(good ? value + strlen("after ") : value);
		good = good && parse_age(age, &options->reuse_addresses_after_s);
	}
	return good ? 0
	            : bad_usage(fail, "reuse-addresses", value,
	                        "never, at-once, or after and an age, as in after 30d");
}

int options_set(struct options *options, enum option_value option, char *value,
                struct ls_fail *fail)
{
	switch ((int)option) {
	case OPTION_STATE:
		return set_text(&options->state_path, "state", value, fail);
	case OPTION_TLS_CERT:
		return set_text(&options->tls_cert, "tls-cert", value, fail);
	case OPTION_TLS_KEY:
		return set_text(&options->tls_key, "tls-key", value, fail);
	case OPTION_USER:
		return set_text(&options->user, "user", value, fail);
	case OPTION_SANDBOX:
		return set_sandbox(options, value, fail);
	case OPTION_REUSE_ADDRESSES:
		return set_reuse(options, value, fail);
	case OPTION_CONFIG:
		return set_text(&options->config_path, "config", value, fail);
	case OPTION_ADMIN_TOKEN:
		return set_token(options, value, "--admin-token", fail);
	case OPTION_ADMIN_TOKEN_FILE:
		return read_token_file(options, value, fail);
	case OPTION_ALLOW_WEAK_ADMIN_TOKEN:
		options->allow_weak_admin_token = true;
		return 0;
	default:
		return add_items(options, option, value, fail);
	}
}
