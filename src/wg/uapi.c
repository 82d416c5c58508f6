/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/uapi.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

typedef int (*key_handler)(struct uapi_parser *parser, const char *value);

static struct wg_peer_config *current_peer(struct uapi_parser *parser)
{
	assert(parser->config.peer_count >
	       0); /* set_keys allows keys of a peer only after a public_key */
	return &parser->config.peers[parser->config.peer_count - 1];
}

/* Parses 64 hexadecimal digits in constant time. */
static int parse_hex_key(const char *value, uint8_t ret[static LS_KEY_LEN])
{
	uint8_t key[LS_KEY_LEN];
	size_t key_len = 0;
	const char *end = NULL;
	int code = -EINVAL;

	if (strlen(value) != 2 * sizeof(key))
		return code;
	if (sodium_hex2bin(key, sizeof(key), value, 2 * sizeof(key), NULL, &key_len, &end) == 0 &&
	    key_len == sizeof(key)) {
		memcpy(ret, key, sizeof(key));
		code = 0;
	}
	key_wipe(key, sizeof(key));
	return code;
}

static int parse_true(const char *value)
{
	return ls_streq(value, "true") ? 0 : -EINVAL;
}

static int parse_number(const char *value, uint64_t max, uint64_t *ret)
{
	return ls_parse_u64(value, 0, max, ret) == 0 ? 0 : -EINVAL;
}

static int set_private_key(struct uapi_parser *parser, const char *value)
{
	parser->config.flags |= WG_CONFIG_PRIVATE_KEY;
	return parse_hex_key(value, parser->config.private_key.b);
}

static int set_listen_port(struct uapi_parser *parser, const char *value)
{
	uint64_t port;

	if (parse_number(value, UINT16_MAX, &port) < 0)
		return -EINVAL;
	parser->config.listen_port = (uint16_t)port;
	parser->config.flags |= WG_CONFIG_LISTEN_PORT;
	return 0;
}

static int set_fwmark(struct uapi_parser *parser, const char *value)
{
	uint64_t mark;

	if (parse_number(value, UINT32_MAX, &mark) < 0)
		return -EINVAL;
	parser->config.fwmark = (uint32_t)mark;
	parser->config.flags |= WG_CONFIG_FWMARK;
	return 0;
}

static int set_replace_peers(struct uapi_parser *parser, const char *value)
{
	parser->config.flags |= WG_CONFIG_REPLACE_PEERS;
	return parse_true(value);
}

static int set_public_key(struct uapi_parser *parser, const char *value)
{
	struct wg_public_key key;

	if (parse_hex_key(value, key.b) < 0)
		return -EINVAL;
	parser->in_peer = true;
	return wg_config_add_peer(&parser->config, &key) ? 0 : -ENOMEM;
}

static int set_remove(struct uapi_parser *parser, const char *value)
{
	current_peer(parser)->flags |= WG_PEER_REMOVE;
	return parse_true(value);
}

static int set_update_only(struct uapi_parser *parser, const char *value)
{
	current_peer(parser)->flags |= WG_PEER_UPDATE_ONLY;
	return parse_true(value);
}

static int set_preshared_key(struct uapi_parser *parser, const char *value)
{
	current_peer(parser)->flags |= WG_PEER_PRESHARED_KEY;
	return parse_hex_key(value, current_peer(parser)->preshared_key.b);
}

/* Replaces the interface's name in "[fe80::1%eth0]:5" by its index, into `buf`; returns the value
 * itself when it has no name. NULL: no such interface. */
static const char *resolve_scope(const struct uapi_parser *parser, const char *value, char *buf,
                                 size_t buf_len)
{
	const char *scope = strchr(value, '%');
	const char *close = scope ? strchr(scope, ']') : NULL;
	char name[16] = {0};
	uint32_t index;
	int n;

	if (!close || (scope[1] >= '0' && scope[1] <= '9'))
		return value;
	if ((size_t)(close - scope) > sizeof(name) || !parser->interface_index)
		return NULL;
	memcpy(name, scope + 1, (size_t)(close - scope) - 1);
	index = parser->interface_index(name);
	if (index == 0)
		return NULL;
	n = snprintf(buf, buf_len, "%.*s%%%" PRIu32 "%s", (int)(scope - value), value, index,
	             close);
	return n > 0 && (size_t)n < buf_len ? buf : NULL;
}

static int set_endpoint(struct uapi_parser *parser, const char *value)
{
	char buf[UAPI_LINE_MAX + 16];
	const char *text = resolve_scope(parser, value, buf, sizeof(buf));

	if (!text || ls_endpoint_parse(text, &current_peer(parser)->endpoint) < 0)
		return -EINVAL;
	current_peer(parser)->flags |= WG_PEER_ENDPOINT;
	return 0;
}

static int set_keepalive(struct uapi_parser *parser, const char *value)
{
	uint64_t seconds;

	if (parse_number(value, UINT16_MAX, &seconds) < 0)
		return -EINVAL;
	current_peer(parser)->keepalive_s = (uint16_t)seconds;
	current_peer(parser)->flags |= WG_PEER_KEEPALIVE;
	return 0;
}

static int set_replace_allowed_ips(struct uapi_parser *parser, const char *value)
{
	current_peer(parser)->flags |= WG_PEER_REPLACE_ALLOWED_IPS;
	return parse_true(value);
}

static int set_allowed_ip(struct uapi_parser *parser, const char *value)
{
	bool remove = value[0] == '-';
	struct ls_prefix prefix;

	if (ls_prefix_parse_network(value + (remove ? 1 : 0), &prefix) < 0)
		return -EINVAL;
	if (++parser->allowed_ip_count > UAPI_ALLOWED_IPS_MAX)
		return -E2BIG;
	return wg_config_add_allowed_ip(current_peer(parser), &prefix, remove);
}

static int set_protocol_version(struct uapi_parser *parser, const char *value)
{
	(void)parser;
	return ls_streq(value, "1") ? 0 : -EPROTONOSUPPORT;
}

static const struct {
	const char *key;
	bool of_peer; /* only after a public_key */
	key_handler handler;
} set_keys[] = {
        {"private_key", false, set_private_key},
        {"listen_port", false, set_listen_port},
        {"fwmark", false, set_fwmark},
        {"replace_peers", false, set_replace_peers},
        {"public_key", false, set_public_key},
        {"remove", true, set_remove},
        {"update_only", true, set_update_only},
        {"preshared_key", true, set_preshared_key},
        {"endpoint", true, set_endpoint},
        {"persistent_keepalive_interval", true, set_keepalive},
        {"replace_allowed_ips", true, set_replace_allowed_ips},
        {"allowed_ip", true, set_allowed_ip},
        {"protocol_version", true, set_protocol_version},
};

static int handle_set_line(struct uapi_parser *parser, const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(set_keys) / sizeof(set_keys[0]); i++) {
		if (!ls_streq(key, set_keys[i].key))
			continue;
		/* Keys of the device come before the first peer; public_key may come anywhere. */
		if (set_keys[i].of_peer != parser->in_peer && set_keys[i].handler != set_public_key)
			return -EINVAL;
		return set_keys[i].handler(parser, value);
	}
	return -EINVAL;
}

static int handle_operation(struct uapi_parser *parser, const char *key, const char *value)
{
	if (ls_streq(key, "get"))
		parser->operation = UAPI_GET;
	else if (ls_streq(key, "set"))
		parser->operation = UAPI_SET;
	else
		return -EINVAL;
	return ls_streq(value, "1") ? 0 : -EPROTONOSUPPORT;
}

/* Handles one line without its newline; changes it in place. */
static int handle_line(struct uapi_parser *parser, char *line, size_t len)
{
	char *value = memchr(line, '=', len);

	line[len] = '\0';
	if (!value || strlen(line) != len)
		return -EINVAL;
	*value++ = '\0';
	if (!parser->in_body)
		return handle_operation(parser, line, value);
	return parser->operation == UAPI_SET ? handle_set_line(parser, line, value) : -EINVAL;
}

/* Ends a line. True when it was the empty line that ends a request. */
static bool finish_line(struct uapi_parser *parser)
{
	size_t len = parser->line_len;

	parser->line_len = 0;
	/* Empty lines between requests are skipped. */
	if (len == 0)
		return parser->in_body;
	if (parser->error == 0)
		parser->error = handle_line(parser, parser->line, len);
	parser->in_body = true;
	return false;
}

void wg_uapi_parser_init(struct uapi_parser *parser, uint32_t (*interface_index)(const char *name))
{
	*parser = (struct uapi_parser){.interface_index = interface_index};
}

void wg_uapi_parser_done(struct uapi_parser *parser)
{
	wg_config_done(&parser->config);
	key_wipe(parser, sizeof(*parser));
}

void wg_uapi_parser_reset(struct uapi_parser *parser)
{
	uint32_t (*interface_index)(const char *name) = parser->interface_index;

	wg_uapi_parser_done(parser);
	wg_uapi_parser_init(parser, interface_index);
}

size_t wg_uapi_parser_feed(struct uapi_parser *parser, const void *data, size_t len,
                           bool *ret_complete)
{
	const char *bytes = data;
	bool complete = false;
	size_t i = 0;

	while (i < len && !complete) {
		char c = bytes[i++];

		if (++parser->request_len > UAPI_REQUEST_MAX) {
			parser->error = LS_ERROR_LIMIT;
			complete = true;
		} else if (c == '\n') {
			complete = finish_line(parser);
		} else if (parser->line_len < UAPI_LINE_MAX - 1) {
			parser->line[parser->line_len++] = c;
		} else if (parser->error == 0) {
			parser->error = -EINVAL;
		}
	}
	*ret_complete = complete;
	return i;
}

static void write_key(struct ls_buf *out, const char *name, const uint8_t key[static LS_KEY_LEN])
{
	char hex[2 * LS_KEY_LEN + 1];

	sodium_bin2hex(hex, sizeof(hex), key, LS_KEY_LEN);
	ls_buf_puts(out, name);
	ls_buf_puts(out, "=");
	ls_buf_puts(out, hex);
	ls_buf_puts(out, "\n");
	key_wipe(hex, sizeof(hex));
}

static void write_peer(struct ls_buf *out, const struct wg_peer_config *peer)
{
	char endpoint[LS_ENDPOINT_TEXT];
	char prefix[LS_PREFIX_TEXT];

	write_key(out, "public_key", peer->public_key.b);
	if (!key_is_zero(peer->preshared_key.b))
		write_key(out, "preshared_key", peer->preshared_key.b);
	ls_buf_puts(out, "protocol_version=1\n");
	if (peer->endpoint.ip.family != LS_FAMILY_NONE)
		ls_buf_printf(out, "endpoint=%s\n", ls_endpoint_format(&peer->endpoint, endpoint));
	ls_buf_printf(out,
	              "last_handshake_time_sec=%" PRIu64 "\nlast_handshake_time_nsec=%" PRIu32 "\n"
	              "tx_bytes=%" PRIu64 "\nrx_bytes=%" PRIu64 "\n"
	              "persistent_keepalive_interval=%u\n",
	              peer->last_handshake_s, peer->last_handshake_ns, peer->tx_bytes,
	              peer->rx_bytes, peer->keepalive_s);
	for (size_t i = 0; i < peer->allowed_ip_count; i++)
		ls_buf_printf(out, "allowed_ip=%s\n",
		              ls_prefix_format(&peer->allowed_ips[i].prefix, prefix));
}

void wg_uapi_write_device(struct ls_buf *out, const struct wg_config *config)
{
	if (!key_is_zero(config->private_key.b))
		write_key(out, "private_key", config->private_key.b);
	if (config->listen_port != 0)
		ls_buf_printf(out, "listen_port=%u\n", config->listen_port);
	if (config->fwmark != 0)
		ls_buf_printf(out, "fwmark=%" PRIu32 "\n", config->fwmark);
	for (size_t i = 0; i < config->peer_count; i++)
		write_peer(out, &config->peers[i]);
	wg_uapi_write_status(out, 0);
}

void wg_uapi_write_status(struct ls_buf *out, int code)
{
	static const struct {
		int code;
		int told;
	} told[] = {
	        {LS_ERROR_SYNTAX, -EINVAL},
	        {LS_ERROR_LIMIT, -E2BIG},
	        {LS_ERROR_AUTH, -EACCES},
	        {LS_ERROR_CONFLICT, -EEXIST},
	        {LS_ERROR_NOT_FOUND, -ENOENT},
	        {LS_ERROR_BAD_VALUE, -EINVAL},
	        {LS_ERROR_UNREACHABLE, -EHOSTUNREACH},
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		if (told[i].code == code)
			code = told[i].told;
	}
	if (code < -4095)
		code = -EIO;
	ls_buf_printf(out, "errno=%d\n\n", code);
}
