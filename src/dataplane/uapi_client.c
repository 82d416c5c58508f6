/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/uapi_client.h"

#include <errno.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

struct decoder {
	struct wg_config config;
	struct wg_peer_config *peer; /* the last peer; NULL before the first */
	int error;                   /* from the errno line */
	bool ended;                  /* the errno line was read */
};

static int read_number(const char *value, uint64_t max, uint64_t *ret)
{
	return ls_parse_u64(value, 0, max, ret) == 0 ? 0 : LS_ERROR_SYNTAX;
}

static int take_peer(struct decoder *decoder, const char *value)
{
	struct wg_public_key key;
	size_t len;

	if (strlen(value) != 2 * sizeof(key.b) ||
	    sodium_hex2bin(key.b, sizeof(key.b), value, strlen(value), NULL, &len, NULL) < 0 ||
	    len != sizeof(key.b))
		return LS_ERROR_SYNTAX;
	decoder->peer = wg_config_add_peer(&decoder->config, &key);
	return decoder->peer ? 0 : -ENOMEM;
}

static int take_device_line(struct decoder *decoder, const char *key, const char *value)
{
	uint64_t n;

	if (ls_streq(key, "listen_port")) {
		if (read_number(value, UINT16_MAX, &n) < 0)
			return LS_ERROR_SYNTAX;
		decoder->config.listen_port = (uint16_t)n;
	} else if (ls_streq(key, "fwmark")) {
		if (read_number(value, UINT32_MAX, &n) < 0)
			return LS_ERROR_SYNTAX;
		decoder->config.fwmark = (uint32_t)n;
	}
	return 0;
}

static int take_endpoint(struct wg_peer_config *peer, const char *value)
{
	/* The scope may be an interface's name, which we do not need. */
	char text[LS_ENDPOINT_TEXT + IF_NAMESIZE];
	const char *percent = strchr(value, '%');
	const char *bracket = percent ? strchr(percent, ']') : NULL;

	if (percent && bracket)
		(void)snprintf(text, sizeof(text), "%.*s%s", (int)(percent - value), value,
		               bracket);
	else
		(void)snprintf(text, sizeof(text), "%s", value);
	return ls_endpoint_parse(text, &peer->endpoint);
}

enum {
	AGE_END = 1000000000, /* September 2001, as Unix time */
};

/* Some engines (boringtun) give the age of the handshake for its time: no clock of today is below
 * 10^9. */
static uint64_t handshake_time(uint64_t n, int64_t now)
{
	return n > 0 && n < AGE_END && now > AGE_END ? (uint64_t)now - n : n;
}

static int take_peer_line(struct wg_peer_config *peer, const char *key, const char *value)
{
	struct ls_prefix prefix;
	uint64_t n = 0;

	if (ls_streq(key, "endpoint"))
		return take_endpoint(peer, value);
	if (ls_streq(key, "allowed_ip")) {
		if (ls_prefix_parse(value, &prefix) < 0)
			return LS_ERROR_SYNTAX;
		return wg_config_add_allowed_ip(peer, &prefix, false);
	}
	if (ls_streq(key, "preshared_key") || ls_streq(key, "protocol_version"))
		return 0;
	if (read_number(value, UINT64_MAX, &n) < 0)
		return LS_ERROR_SYNTAX;
	if (ls_streq(key, "rx_bytes"))
		peer->rx_bytes = n;
	else if (ls_streq(key, "tx_bytes"))
		peer->tx_bytes = n;
	else if (ls_streq(key, "last_handshake_time_sec"))
		peer->last_handshake_s = handshake_time(n, ls_wall_s());
	else if (ls_streq(key, "last_handshake_time_nsec") && n < 1000000000)
		peer->last_handshake_ns = (uint32_t)n;
	else if (ls_streq(key, "persistent_keepalive_interval") && n <= UINT16_MAX)
		peer->keepalive_s = (uint16_t)n;
	return 0; /* keys of later versions are ignored */
}

/* "errno=0", or "errno=-2". */
static int take_errno(struct decoder *decoder, const char *value)
{
	uint64_t n;

	if (read_number(value + (value[0] == '-'), 4095, &n) < 0)
		return LS_ERROR_SYNTAX;
	decoder->error = -(int)n;
	decoder->ended = true;
	return 0;
}

static int take_line(struct decoder *decoder, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return LS_ERROR_SYNTAX;
	*value++ = '\0';
	if (ls_streq(line, "errno"))
		return take_errno(decoder, value);
	if (ls_streq(line, "public_key"))
		return take_peer(decoder, value);
	if (decoder->peer)
		return take_peer_line(decoder->peer, line, value);
	return take_device_line(decoder, line, value);
}

int dp_uapi_client_decode(char *text, size_t len, struct wg_config *ret, struct ls_fail *fail)
{
	struct decoder decoder = {0};
	char *rest = text;
	int r = 0;

	if (strlen(text) != len)
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "the answer holds a NUL byte");
	for (char *line; r == 0 && !decoder.ended && (line = strsep(&rest, "\n"));) {
		if (line[0] != '\0')
			r = take_line(&decoder, line);
	}
	if (r == 0 && !decoder.ended)
		r = LS_ERROR_SYNTAX;
	if (r == 0)
		r = decoder.error;
	if (r < 0) {
		wg_config_done(&decoder.config);
		return ls_fail_set(fail, r, "cannot understand the answer: %s", ls_strerror(r));
	}
	*ret = decoder.config;
	return 0;
}

static int connect_to(const char *path)
{
	const struct timeval timeout = {.tv_sec = UAPI_CLIENT_TIMEOUT_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	LS_CLOSE int fd = -1;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return ls_steal_fd(&fd);
}

/* An answer ends with an errno line and an empty line. */
static bool is_complete(const struct ls_buf *buf)
{
	return buf->len >= 2 && memcmp(buf->data + buf->len - 2, "\n\n", 2) == 0;
}

static int exchange(int fd, struct ls_buf *answer)
{
	static const char request[] = "get=1\n\n";
	char chunk[4096];
	int r = 0;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
		return -EIO;
	while (r == 0 && !is_complete(answer)) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			r = n < 0 ? -errno : LS_ERROR_SYNTAX;
		else if (answer->len + (size_t)n > UAPI_CLIENT_ANSWER_MAX)
			r = LS_ERROR_LIMIT;
		else
			ls_buf_add(answer, chunk, (size_t)n);
		if (answer->failed)
			r = -ENOMEM;
	}
	sodium_memzero(chunk, sizeof(chunk)); /* it may contain the private key */
	return r == -EAGAIN ? -ETIMEDOUT : r;
}

/* The answer contains the private key. */
static void wipe_answer(struct ls_buf *answer)
{
	if (answer->data)
		sodium_memzero(answer->data, answer->cap);
	ls_buf_done(answer);
}

int dp_uapi_client_get(const char *interface, struct wg_config *ret, struct ls_fail *fail)
{
	struct ls_buf answer LS_CLEANUP(wipe_answer) = {0};
	char path[sizeof(UAPI_CLIENT_DIR) + IF_NAMESIZE + sizeof("/.sock")];
	LS_CLOSE int fd = -1;
	int r;

	(void)snprintf(path, sizeof(path), UAPI_CLIENT_DIR "/%.15s.sock", interface);
	fd = connect_to(path);
	if (fd < 0)
		return ls_fail_set(fail, fd, "cannot reach %s: %s", path, ls_strerror(fd));
	r = exchange(fd, &answer);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot read from %s: %s", path, ls_strerror(r));
	r = dp_uapi_client_decode(answer.data, answer.len, ret, fail);
	if (r < 0)
		return ls_fail_prefix(fail, "%s", path);
	return 0;
}
