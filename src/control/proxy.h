/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP proxies as the environment names them, read the way curl does:
 *   https_proxy, HTTPS_PROXY   for https:// URLs, through CONNECT
 *   http_proxy                 for http:// URLs, in absolute form (RFC 9112 3.2.2), which every
 *                              proxy takes, where many allow CONNECT to port 443 alone; HTTP_PROXY
 *                              is ignored: in CGI programs it is a header of a stranger's request
 *   all_proxy, ALL_PROXY       for both, when there is none of the above
 *   no_proxy, NO_PROXY         hosts that are asked directly: "*", names (with all below them),
 *                              addresses and prefixes, separated by commas or blanks
 * A proxy is [http://][USER[:PASSWORD]@]HOST[:PORT], port 1080 unless given. This host's loopback
 * is always asked directly: a proxy's loopback is another. */
#ifndef LS_CONTROL_PROXY_H
#define LS_CONTROL_PROXY_H

#include "base/error.h"
#include "control/url.h"

struct proxy {
	struct control_url url; /* without the credentials; url.text is what failures name */
	char *authorization;    /* "Basic ...", a secret; NULL for none */
	const char *variable;   /* where it was found; static text */
};

/* How a variable is looked up; getenv, but for tests. */
typedef char *(*proxy_getenv_fn)(const char *name);

/* Sets *ret to the proxy for `url`, a new one, or to NULL for none. LS_ERROR_SYNTAX names the
 * variable, and never shows its value. */
int control_proxy_find(const struct control_url *url, proxy_getenv_fn lookup, struct proxy **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
void control_proxy_free(struct proxy *proxy); /* NULL is fine */

#endif
