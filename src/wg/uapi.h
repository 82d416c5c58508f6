/* SPDX-License-Identifier: Apache-2.0 */
/* The text of WireGuard's cross-platform userspace protocol (www.wireguard.com/xplatform, version
 * 1), without I/O: translates between bytes and struct wg_config. A request consists of lines
 * key=value and an empty line. So does an answer; its last line is errno=0 or errno=-N. */
#ifndef LS_WG_UAPI_H
#define LS_WG_UAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "wgconfig/wg_config.h"

enum {
	UAPI_LINE_MAX = 256,           /* bytes of one line with its newline */
	UAPI_REQUEST_MAX = 8 << 20,    /* bytes of one request: room for 10,000 peers */
	UAPI_ALLOWED_IPS_MAX = 262144, /* of all peers in one request */
};

enum uapi_operation {
	UAPI_NONE, /* the first line was not understood; `error` is set */
	UAPI_GET,
	UAPI_SET,
};

/* Reads the requests of one client, one after the other. The fields up to `config` are the result
 * once wg_uapi_parser_feed reports a complete request. */
struct uapi_parser {
	enum uapi_operation operation;
	int error;               /* 0 or the code of the first error; ignore `config` then */
	struct wg_config config; /* the changes of a set; the parser owns it */

	uint32_t (*interface_index)(const char *name);
	bool in_body;
	bool in_peer;
	size_t request_len;
	size_t allowed_ip_count;
	size_t line_len;
	char line[UAPI_LINE_MAX];
};

/* interface_index finds the index of the interface in "[fe80::1%eth0]:5"; it returns 0 when there
 * is none of that name. It may be NULL: then only numeric scopes are accepted. */
void wg_uapi_parser_init(struct uapi_parser *parser, uint32_t (*interface_index)(const char *name));
void wg_uapi_parser_done(struct uapi_parser *parser); /* wipes keys */
/* Makes the parser ready for the next request. */
void wg_uapi_parser_reset(struct uapi_parser *parser);

/* Reads bytes up to the end of one request and returns how many it read; *ret_complete tells
 * whether the end was reached. After an error it skips the rest of the request, so that the answer
 * still matches the request. When `error` is LS_ERROR_LIMIT the request counts as complete at once:
 * the rest cannot be read, so close the connection after the answer. */
size_t wg_uapi_parser_feed(struct uapi_parser *parser, const void *data, size_t len,
                           bool *ret_complete) LS_MUST_CHECK;

/* Writes the answer to a get: the device, its peers, errno=0. It contains keys: wipe the buffer
 * after use. */
void wg_uapi_write_device(struct ls_buf *out, const struct wg_config *config);
/* Writes the answer errno=...; takes 0, -errno or enum ls_error (translated to the nearest
 * errno). */
void wg_uapi_write_status(struct ls_buf *out, int code);

#endif
