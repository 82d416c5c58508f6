/* SPDX-License-Identifier: Apache-2.0 */
/* TLS at the listeners: the certificate that is active, and sessions that begin with it. TLS 1.2
 * and 1.3. */
#ifndef LS_SERVER_HTTP_TLS_H
#define LS_SERVER_HTTP_TLS_H

#include <openssl/ssl.h>

#include "base/error.h"

struct httpd_tls;

/* Reads both files, and refuses a key that is not the certificate's, or that others can read. The
 * paths are borrowed. Says tls.ready. */
int httpd_tls_new(const char *cert_path, const char *key_path, struct httpd_tls **ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. Sessions that have begun go on. */
void httpd_tls_free(struct httpd_tls *tls);
/* Reads both files anew. On failure the pair that was active stays; connections keep theirs in any
 * case. */
int httpd_tls_reload(struct httpd_tls *tls, struct ls_fail *fail) LS_MUST_CHECK;

/* The server's side of a new session, without a socket yet; NULL when memory is gone. */
SSL *httpd_tls_session(struct httpd_tls *tls);

#endif
