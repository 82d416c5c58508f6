/* SPDX-License-Identifier: Apache-2.0 */
/* The URL at which a client has reached the server, when there are proxies in between. */
#ifndef LS_SERVER_HTTP_ASKED_H
#define LS_SERVER_HTTP_ASKED_H

#include <stdbool.h>

#include "http/request.h"
#include "server/http/source.h"
#include "wire/ip.h"

enum {
	HTTPD_ASKED_HOST_MAX = 261,                      /* 255, a colon and a port */
	HTTPD_ASKED_TEXT = HTTPD_ASKED_HOST_MAX + 8 + 1, /* with "https://" and NUL */
};

/* Fills in `scheme://host[:port]`, in lower case and without a default port. The host is that of
 * X-Forwarded-Host if `peer` is a trusted proxy and has sent it, else that of Host; the scheme
 * likewise that of X-Forwarded-Proto, else `tls` decides. Of a list, the first element counts: it
 * is what the outermost proxy has seen, or what the client has made up, so show the URL only to
 * whom it came from. A forwarded value that is no host or scheme is ignored. "" when the request
 * names no host. */
void httpd_asked_url(const struct source_trust *trust, const struct ls_ip *peer, bool tls,
                     const struct http_head *head, char ret[static HTTPD_ASKED_TEXT]);

/* True when scheme, host and port of a URL are those of `asked`, whatever its path is. */
bool httpd_asked_is(const char *url, const char *asked);

#endif
