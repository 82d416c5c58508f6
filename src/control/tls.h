/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the client, over OpenSSL: 1.2 or newer; the system's authorities looked up when a chain
 * needs one, as OpenSSL's own programs do (SSL_CERT_FILE, SSL_CERT_DIR); the certificate, its name
 * and the pin are checked inside of the handshake, so that nothing of a request ever leaves to a
 * server that is not trusted. Sessions are kept and resumed. Event loop's thread only. */
#ifndef LS_CONTROL_TLS_H
#define LS_CONTROL_TLS_H

#include <openssl/types.h>
#include <stdbool.h>

#include "base/error.h"
#include "control/certificate.h"
#include "control/trust.h"
#include "control/url.h"

struct control_tls;

/* What a handshake found of the server's certificate. */
struct control_tls_verdict {
	bool seen; /* there was one; not so when an earlier session was resumed */
	bool accepted;
	bool pin_differs;
	int chain; /* X509_V_OK or the first error; X509_V_OK, too, where the pin alone decides */
	struct certificate certificate;         /* the server's */
	char not_before[CERTIFICATE_TIME_TEXT]; /* of the one in the chain that is not valid */
	char not_after[CERTIFICATE_TIME_TEXT];
};

/* `trust` NULL only looks: every certificate is taken, and the verdict says what of it holds; for
 * connections that carry no request. Else it is copied. Fails with one line when the authorities'
 * file that the environment names is no such file. */
int control_tls_new(const struct control_trust *trust, struct control_tls **ret,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* After every SSL of it. NULL is fine. */
void control_tls_free(struct control_tls *tls);

/* What a connection to that server runs on; the caller's. The handshake writes to `verdict`, which
 * must stay until control_tls_started or the end of the SSL. */
int control_tls_start(struct control_tls *tls, const struct control_url *url,
                      struct control_tls_verdict *verdict, SSL **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* The handshake is done: the verdict is not written any more. */
void control_tls_started(SSL *ssl);
/* Tells the other side that the connection ends here, if the socket takes it. Leaves nothing in
 * OpenSSL's error queue. */
void control_tls_close(SSL *ssl);

/* Why the handshake failed: `error` is OpenSSL's, 0 for a connection that ended. With a hint where
 * a pin would help; LS_ERROR_UNTRUSTED for the certificate, LS_ERROR_SYNTAX for what is no TLS,
 * LS_ERROR_UNREACHABLE for one that ended. */
int control_tls_explain(const struct control_tls *tls, const struct control_url *url,
                        const struct control_tls_verdict *verdict, unsigned long error,
                        struct ls_fail *fail);
/* Why no authority vouches for the certificate as that host's, with a hint where a pin would help;
 * 0 when one does. */
int control_tls_explain_chain(const struct control_url *url,
                              const struct control_tls_verdict *verdict, struct ls_fail *fail);
const struct control_trust *
control_tls_trust(const struct control_tls *tls); /* NULL when it only looks */

#endif
