/* SPDX-License-Identifier: Apache-2.0 */
/* The client's TLS, over OpenSSL: 1.2 or newer. The system's authorities are looked up when a chain
 * needs one, as OpenSSL's own programs do (SSL_CERT_FILE, SSL_CERT_DIR). The certificate, its name
 * and the pin are checked during the handshake, so that no byte of a request goes to a server that
 * is not trusted. Sessions are kept and resumed. Event loop's thread only. */
#ifndef LS_CONTROL_TLS_H
#define LS_CONTROL_TLS_H

#include <openssl/types.h>
#include <stdbool.h>

#include "base/error.h"
#include "control/certificate.h"
#include "control/trust.h"
#include "control/url.h"

struct control_tls;

/* What a handshake found out about the server's certificate. */
struct control_tls_verdict {
	bool seen; /* there was a certificate; false when a session was resumed */
	bool accepted;
	bool pin_differs;
	int chain; /* X509_V_OK or the first error; X509_V_OK, too, when only the pin decides */
	struct certificate certificate;         /* the server's */
	char not_before[CERTIFICATE_TIME_TEXT]; /* of the invalid certificate in the chain */
	char not_after[CERTIFICATE_TIME_TEXT];
};

/* Copies `trust`. With NULL it only inspects: it accepts every certificate, and the verdict says
 * whether it is valid; this is for connections without a request. Fails when the environment names
 * a file of authorities that cannot be read. */
int control_tls_new(const struct control_trust *trust, struct control_tls **ret,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* Call it after the end of all its SSLs. NULL is fine. */
void control_tls_free(struct control_tls *tls);

/* Makes the SSL for a connection to that server; the caller owns it. The handshake writes to
 * `verdict`, which must stay valid until control_tls_started or the end of the SSL. */
int control_tls_start(struct control_tls *tls, const struct control_url *url,
                      struct control_tls_verdict *verdict, SSL **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Call it when the handshake is done: the verdict is not written any more. */
void control_tls_started(SSL *ssl);
/* Tells the other side that the connection ends, if the socket accepts the message. Leaves nothing
 * in OpenSSL's error queue. */
void control_tls_close(SSL *ssl);

/* Explains why the handshake failed. `error` is OpenSSL's, 0 for a connection that ended. Sets a
 * hint when a pin would help. LS_ERROR_UNTRUSTED: the certificate; LS_ERROR_SYNTAX: the other side
 * does not speak TLS; LS_ERROR_UNREACHABLE: the connection ended; LS_ERROR_REMOTE: any other
 * failure. */
int control_tls_explain(const struct control_tls *tls, const struct control_url *url,
                        const struct control_tls_verdict *verdict, unsigned long error,
                        struct ls_fail *fail);
/* Explains why the certificate is not valid for that host, with a hint when a pin would help; 0
 * when it is valid. */
int control_tls_explain_chain(const struct control_url *url,
                              const struct control_tls_verdict *verdict, struct ls_fail *fail);
const struct control_trust *
control_tls_trust(const struct control_tls *tls); /* NULL when it only inspects */

#endif
