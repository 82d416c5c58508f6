/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the HTTP proxy for a URL in the environment, by curl's rules and those of v1 clients:
 *   https_proxy, HTTPS_PROXY   for https:// URLs, through CONNECT
 *   http_proxy, HTTP_PROXY     for http:// URLs, in absolute form (RFC 9112 3.2.2): every proxy
 *                              accepts it, but many allow CONNECT only to port 443. HTTP_PROXY is
 *                              ignored when REQUEST_METHOD is set, that is in CGI programs: there a
 *                              request's header sets it
 *   all_proxy, ALL_PROXY       for both, when none of the above is set
 *   no_proxy, NO_PROXY         hosts without a proxy: "*", names (with all names below them),
 *                              addresses and prefixes, separated by commas or blanks
 * A proxy is [http://][USER[:PASSWORD]@]HOST[:PORT]; the default port is 1080. Loopback addresses
 * never use a proxy, because they would mean the proxy's own host. */
#ifndef LS_CONTROL_PROXY_H
#define LS_CONTROL_PROXY_H

#include "base/error.h"
#include "control/url.h"

struct proxy {
	struct control_url url; /* without the credentials; failures name url.text */
	char *authorization;    /* "Basic ...", a secret; NULL for none */
	const char *variable;   /* the variable's name; static text */
};

/* Reads a variable: getenv, or a fake in tests. */
typedef char *(*proxy_getenv_fn)(const char *name);

/* Sets *ret to a new proxy for `url`, or to NULL for none. The text of LS_ERROR_SYNTAX names the
 * variable, and never shows its value. */
int control_proxy_find(const struct control_url *url, proxy_getenv_fn lookup, struct proxy **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
void control_proxy_free(struct proxy *proxy); /* NULL is fine */

#endif
