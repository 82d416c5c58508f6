/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct httpd_tls {
	const char *cert_path;
	const char *key_path;
	SSL_CTX *context;
};

/* The reason of OpenSSL's last error. Empties its error queue. */
static const char *reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text ? text : "no reason given";
}

static int check_key_file(const char *path, struct ls_fail *fail)
{
	struct stat st;

	if (stat(path, &st) < 0 || access(path, R_OK) < 0)
		return ls_fail_set(fail, -errno, "--tls-key: cannot read %s: %s", path,
		                   strerror(errno));
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return ls_fail_set(fail, -EPERM,
		                   "--tls-key: %s may be read by others or written by its group; "
		                   "chmod 600 it",
		                   path);
	return 0;
}

/* Without this callback, OpenSSL would ask on the terminal for the password of an encrypted key. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
static int no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int load_pair(SSL_CTX *context, const struct httpd_tls *tls, struct ls_fail *fail)
{
	int r = check_key_file(tls->key_path, fail);

	if (r < 0)
		return r;
	/* Check it here: OpenSSL would only say "system lib". */
	if (access(tls->cert_path, R_OK) < 0)
		return ls_fail_set(fail, -errno, "--tls-cert: cannot read %s: %s", tls->cert_path,
		                   strerror(errno));
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, no_password);
	if (SSL_CTX_use_certificate_chain_file(context, tls->cert_path) != 1)
		return ls_fail_set(fail, -EINVAL,
		                   "--tls-cert: cannot use %s: %s; a certificate in PEM is needed",
		                   tls->cert_path, reason());
	if (SSL_CTX_use_PrivateKey_file(context, tls->key_path, SSL_FILETYPE_PEM) != 1) {
		bool mismatch =
		        ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
		        ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;

		if (!mismatch)
			return ls_fail_set(
			        fail, -EINVAL,
			        "--tls-key: cannot use %s: %s; an unencrypted private key "
			        "in PEM is needed",
			        tls->key_path, reason());
	} else if (SSL_CTX_check_private_key(context) == 1) {
		return 0;
	}
	ERR_clear_error();
	return ls_fail_set(fail, -EINVAL, "--tls-key: %s is not the key of the certificate in %s",
	                   tls->key_path, tls->cert_path);
}

static int64_t expiry_of(SSL_CTX *context)
{
	const X509 *cert = SSL_CTX_get0_certificate(context);
	struct tm tm = {0};

	if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

static int choose_http(SSL *session, const unsigned char **ret, unsigned char *ret_len,
                       const unsigned char *offered, unsigned offered_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen = NULL;

	(void)session;
	(void)arg;
	if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, offered_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *make_context(const struct httpd_tls *tls, struct ls_fail *fail)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context) {
		(void)ls_fail_set(fail, -ENOMEM, "cannot start TLS: %s", reason());
		return NULL;
	}
	(void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	/* No renegotiation: it costs the server more than the client, and nothing needs it. */
	(void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* Many clients close without a close_notify; HTTP itself tells where a message ends. */
	(void)SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_id_context(context, (const unsigned char *)"lightscale", 10);
	SSL_CTX_set_alpn_select_cb(context, choose_http, NULL);
	if (load_pair(context, tls, fail) < 0) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

int httpd_tls_reload(struct httpd_tls *tls, struct ls_fail *fail)
{
	SSL_CTX *context = make_context(tls, fail);
	int64_t expires_at;

	if (!context)
		return fail->code;
	SSL_CTX_free(tls->context);
	tls->context = context;
	expires_at = expiry_of(context);
	ls_info("tls.ready", "cert=\"%s\" expires_at=%lld", tls->cert_path, (long long)expires_at);
	if (expires_at <= ls_wall_s())
		ls_warn("tls.expired", "cert=\"%s\" error=\"clients will refuse it; renew it\"",
		        tls->cert_path);
	return 0;
}

int httpd_tls_new(const char *cert_path, const char *key_path, struct httpd_tls **ret,
                  struct ls_fail *fail)
{
	struct httpd_tls *tls = ls_new(struct httpd_tls);
	int r;

	*tls = (struct httpd_tls){.cert_path = cert_path, .key_path = key_path};
	r = httpd_tls_reload(tls, fail);
	if (r < 0) {
		httpd_tls_free(tls);
		return r;
	}
	*ret = tls;
	return 0;
}

void httpd_tls_free(struct httpd_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

SSL *httpd_tls_session(struct httpd_tls *tls)
{
	SSL *session = SSL_new(tls->context);

	if (session)
		SSL_set_accept_state(session);
	ERR_clear_error();
	return session;
}
