/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.2 and 1.3 for the listeners: keeps the current certificate and makes sessions with it. */
#ifndef LS_SERVER_HTTP_TLS_H
#define LS_SERVER_HTTP_TLS_H

#include <openssl/ssl.h>

#include "base/error.h"

struct httpd_tls;

/* Reads both files and logs tls.ready. Refuses a key that does not belong to the certificate, or
 * that other users can read. The paths are borrowed. */
int httpd_tls_new(const char *cert_path, const char *key_path, struct httpd_tls **ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. Existing sessions continue. */
void httpd_tls_free(struct httpd_tls *tls);
/* Reads both files again, for new sessions; existing sessions keep theirs. On failure, new sessions
 * keep the old certificate and key. */
int httpd_tls_reload(struct httpd_tls *tls, struct ls_fail *fail) LS_MUST_CHECK;

/* Makes the server's side of a session, without a socket yet; NULL when out of memory. */
SSL *httpd_tls_session(struct httpd_tls *tls);

#endif
