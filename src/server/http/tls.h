/* SPDX-License-Identifier: Apache-2.0 */
/* TLS at the listeners: the certificate in use, and connections that speak with it. TLS
 * 1.2 and 1.3. A handshake has TLS_HANDSHAKE_S to end; who speaks plain HTTP to us is told so. */
#ifndef LS_SERVER_HTTP_TLS_H
#define LS_SERVER_HTTP_TLS_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "base/error.h"

enum {
	TLS_HANDSHAKE_S = 10
};

struct httpd_tls;
struct bufferevent;

/* Reads both files, and refuses a key that is not the certificate's, or that others can read. The
 * paths are borrowed. Says tls.ready. */
int httpd_tls_new(struct event_base *base, const char *cert_path, const char *key_path,
                  struct httpd_tls **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. After its connections are gone. */
void httpd_tls_free(struct httpd_tls *tls);
/* Reads both files anew. On failure the pair in use stays; connections keep theirs in
 * any case. */
int httpd_tls_reload(struct httpd_tls *tls, struct ls_fail *fail) LS_MUST_CHECK;

/* A connection without a socket yet, for evhttp to give it one; NULL when memory is gone. */
struct bufferevent *httpd_tls_connection(struct httpd_tls *tls);

/* The server's side of a new session, without a socket yet; NULL when memory is gone. */
SSL *httpd_tls_session(struct httpd_tls *tls);

#endif
