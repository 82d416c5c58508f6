/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a WireGuard interface's state from its UAPI socket, whichever program serves it, as wg(8)
 * does (www.wireguard.com/xplatform, version 1). */
#ifndef LS_DATAPLANE_UAPI_CLIENT_H
#define LS_DATAPLANE_UAPI_CLIENT_H

#include <stddef.h>

#include "base/error.h"
#include "wgconfig/wg_config.h"

#define UAPI_CLIENT_DIR "/var/run/wireguard"

enum {
	UAPI_CLIENT_TIMEOUT_S = 5,
	UAPI_CLIENT_ANSWER_MAX = 64 << 20, /* bytes */
};

/* The whole device without its private and preshared keys; free it with wg_config_done. -ENOENT:
 * there is no such socket. -ECONNREFUSED: no program serves it. */
int dp_uapi_client_get(const char *interface, struct wg_config *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* Reads the text of an answer to "get=1", including its errno line. It changes the text.
 * LS_ERROR_SYNTAX, or the -errno that the answer contains. Extern for tests only. */
int dp_uapi_client_decode(char *text, size_t len, struct wg_config *ret,
                          struct ls_fail *fail) LS_MUST_CHECK;

#endif
