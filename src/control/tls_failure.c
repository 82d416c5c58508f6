/* SPDX-License-Identifier: Apache-2.0 */
/* Explains failed TLS handshakes to the user. */
#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "control/tls.h"

static const char *time_text(char buf[static CERTIFICATE_TIME_TEXT])
{
	time_t now = (time_t)ls_wall_s();
	struct tm tm;

	if (!gmtime_r(&now, &tm) ||
	    strftime(buf, CERTIFICATE_TIME_TEXT, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		return "?";
	return buf;
}

int control_tls_explain_chain(const struct control_url *url,
                              const struct control_tls_verdict *verdict, struct ls_fail *fail)
{
	const struct certificate *certificate = &verdict->certificate;
	const int code = LS_ERROR_UNTRUSTED;
	char now[CERTIFICATE_TIME_TEXT];

	switch (verdict->chain) {
	case X509_V_OK:
		return 0;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		(void)ls_fail_set(fail, code, "the server's certificate is self-signed");
		return ls_fail_hint(fail, LS_HINT_PIN_SELF_SIGNED);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		(void)ls_fail_set(fail, code,
		                  "the server's certificate comes from an unknown issuer, %s; name "
		                  "its file in SSL_CERT_FILE",
		                  certificate->issuer);
		return ls_fail_hint(fail, LS_HINT_PIN_UNKNOWN_ISSUER);
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return ls_fail_set(fail, code,
		                   "the server's certificate is for %s, not for %s; use a name of "
		                   "the certificate in the URL",
		                   certificate->names, url->host);
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return ls_fail_set(fail, code,
		                   "the server's certificate expired on %s (this host's clock says "
		                   "%s); renew it on the server",
		                   verdict->not_after, time_text(now));
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return ls_fail_set(fail, code,
		                   "the server's certificate is not valid before %s; is this "
		                   "host's clock right? It says %s",
		                   verdict->not_before, time_text(now));
	default:
		return ls_fail_set(fail, code, "the server's certificate is not valid: %s",
		                   X509_verify_cert_error_string(verdict->chain));
	}
}

static int explain_pin(const struct control_tls *tls, const struct control_tls_verdict *verdict,
                       struct ls_fail *fail)
{
	const struct control_trust *trust = control_tls_trust(tls);
	char wanted[CONFIG_PIN_TEXT], seen[CONFIG_PIN_TEXT];

	(void)profile_config_pin_encode(trust->pin, wanted);
	(void)profile_config_pin_encode(verdict->certificate.sha256, seen);
	if (verdict->chain != X509_V_OK)
		return ls_fail_set(fail, LS_ERROR_UNTRUSTED,
		                   "wrong certificate: expected the pin %s, seen %s, which no "
		                   "known authority vouches for either; another server may be "
		                   "answering in its place",
		                   wanted, seen);
	if (trust->self_signed) {
		(void)ls_fail_set(fail, LS_ERROR_UNTRUSTED,
		                  "wrong certificate: expected the pin %s, seen %s", wanted, seen);
		return ls_fail_hint(fail, LS_HINT_REPIN_SELF_SIGNED);
	}
	(void)ls_fail_set(fail, LS_ERROR_UNTRUSTED,
	                  "the certificate is valid but not the pinned one: expected the pin %s, "
	                  "seen %s, from %s",
	                  wanted, seen, verdict->certificate.not_before);
	return ls_fail_hint(fail, LS_HINT_REPIN);
}

static int explain_certificate(const struct control_tls *tls, const struct control_url *url,
                               const struct control_tls_verdict *verdict, struct ls_fail *fail)
{
	int r;

	if (verdict->pin_differs)
		return explain_pin(tls, verdict, fail);
	r = control_tls_explain_chain(url, verdict, fail);
	assert(r < 0); /* the certificate was refused, and not because of its pin */
	return control_tls_trust(tls)->has_pin ? ls_fail_append(fail, " (the pin fits)") : r;
}

int control_tls_explain(const struct control_tls *tls, const struct control_url *url,
                        const struct control_tls_verdict *verdict, unsigned long error,
                        struct ls_fail *fail)
{
	int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
	const char *text;

	if (verdict->seen && !verdict->accepted && control_tls_trust(tls))
		return explain_certificate(tls, url, verdict, fail);
	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_RECORD_LENGTH_MISMATCH:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		return ls_fail_set(fail, LS_ERROR_SYNTAX,
		                   "the port does not speak TLS: is it http:// in the URL, or "
		                   "another port?");
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return ls_fail_set(fail, LS_ERROR_REMOTE,
		                   "the server has no TLS 1.2 or newer; update it");
	case 0: /* reading or writing failed, or the connection ended */
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		(void)ls_fail_set(fail, LS_ERROR_UNREACHABLE,
		                  "the connection was cut during the TLS handshake; does this "
		                  "port speak TLS?");
		return ls_fail_hint(fail, LS_HINT_SCHEME);
	default:
		text = ERR_reason_error_string(error);
		return ls_fail_set(fail, LS_ERROR_REMOTE, "the TLS handshake failed: %s",
		                   text ? text : "an unknown error");
	}
}
