/* SPDX-License-Identifier: Apache-2.0 */
/* The text of WireGuard's cross-platform userspace protocol (www.wireguard.com/xplatform, version
 * 1), without I/O: bytes to struct wg_config and back. A request is lines of key=value that end
 * with an empty line; so is an answer, and its last line is errno=0 or errno=-N. */
#ifndef LS_WG_UAPI_H
#define LS_WG_UAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "wgconfig/wg_config.h"

enum {
	UAPI_LINE_MAX = 256,           /* bytes of one line without its newline */
	UAPI_REQUEST_MAX = 8 << 20,    /* bytes of one request: room for 10,000 peers */
	UAPI_ALLOWED_IPS_MAX = 262144, /* of all peers in one request */
};

enum uapi_operation {
	UAPI_NONE, /* the first line was not understood; `error` says so */
	UAPI_GET,
	UAPI_SET,
};

/* One client's requests, one after the other. The fields up to `config` are the result once
 * wg_uapi_parser_feed says that a request is complete. */
struct uapi_parser {
	enum uapi_operation operation;
	int error; /* 0 or the code of the first thing wrong; then `config` is to be ignored */
	struct wg_config config; /* of a set; owned by the parser */

	uint32_t (*interface_index)(const char *name);
	bool in_body;
	bool in_peer;
	size_t request_len;
	size_t allowed_ip_count;
	size_t line_len;
	char line[UAPI_LINE_MAX];
};

/* interface_index turns the scope of "[fe80::1%eth0]:5" into an index, 0 for none of that name;
 * may be NULL: then only numeric scopes are known. */
void wg_uapi_parser_init(struct uapi_parser *parser, uint32_t (*interface_index)(const char *name));
void wg_uapi_parser_done(struct uapi_parser *parser); /* wipes keys */
/* Ready for the next request. */
void wg_uapi_parser_reset(struct uapi_parser *parser);

/* Takes bytes up to the end of one request and returns how many it took; *ret_complete tells
 * whether that end was reached. After an error the rest of the request is skipped, so that the
 * answer comes in its place. LS_ERROR_LIMIT as `error` completes a request at once: what follows
 * cannot be understood, the connection is to be closed after the answer. */
size_t wg_uapi_parser_feed(struct uapi_parser *parser, const void *data, size_t len,
                           bool *ret_complete) LS_MUST_CHECK;

/* The answer to a get: the device, its peers, errno=0. Keys are in it: wipe the buffer after use.
 */
void wg_uapi_write_device(struct ls_buf *out, const struct wg_config *config);
/* The answer errno=...; takes 0, -errno and enum ls_error (told as the nearest errno). */
void wg_uapi_write_status(struct ls_buf *out, int code);

#endif
