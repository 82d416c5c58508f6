/* SPDX-License-Identifier: Apache-2.0 */
#include "control/tls.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"

/* The last TLS session with one server; the next connection resumes it. */
struct tls_session {
	struct ls_list node;
	SSL_SESSION *session; /* NULL: none yet */
	uint16_t port;
	char host[CONTROL_URL_HOST_MAX + 1];
};

struct control_tls {
	SSL_CTX *ctx;
	bool looks_only;
	struct control_trust trust;
	struct ls_list sessions;
};

/* Indexes of the verdict and the tls_session in an SSL's extra data. */
static int verdict_index = -1, session_index = -1;

const struct control_trust *control_tls_trust(const struct control_tls *tls)
{
	return tls->looks_only ? NULL : &tls->trust;
}

/* --- the check of a certificate --- */

static void check_chain(X509_STORE_CTX *store, struct control_tls_verdict *verdict)
{
	const X509 *current;

	if (X509_verify_cert(store) == 1)
		return;
	verdict->chain = X509_STORE_CTX_get_error(store);
	if (verdict->chain == X509_V_OK)
		verdict->chain = X509_V_ERR_UNSPECIFIED;
	current = X509_STORE_CTX_get_current_cert(store);
	if (!current)
		return;
	control_certificate_time(X509_get0_notBefore(current), verdict->not_before);
	control_certificate_time(X509_get0_notAfter(current), verdict->not_after);
}

static void check(const struct control_tls *tls, X509_STORE_CTX *store,
                  struct control_tls_verdict *verdict)
{
	const struct control_trust *trust = &tls->trust;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	*verdict = (struct control_tls_verdict){.chain = X509_V_OK};
	if (!leaf || control_certificate_read(leaf, &verdict->certificate) < 0)
		return;
	verdict->seen = true;
	verdict->pin_differs = trust->has_pin && memcmp(trust->pin, verdict->certificate.sha256,
	                                                sizeof(trust->pin)) != 0;
	if (!trust->has_pin || !trust->self_signed)
		check_chain(store, verdict);
	verdict->accepted = !verdict->pin_differs && verdict->chain == X509_V_OK;
}

/* Replaces OpenSSL's own verification. Refuses every certificate when the SSL has no verdict: the
 * handshake is over then, because control_tls_started has removed it. */
static int on_certificate(X509_STORE_CTX *store, void *arg)
{
	const struct control_tls *tls = arg;
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct control_tls_verdict *verdict = ssl ? SSL_get_ex_data(ssl, verdict_index) : NULL;
	bool go_on;

	if (verdict)
		check(tls, store, verdict);
	go_on = verdict && verdict->seen && (verdict->accepted || tls->looks_only);
	if (go_on)
		X509_STORE_CTX_set_error(store, X509_V_OK);
	else if (!verdict || verdict->chain == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return go_on ? 1 : 0;
}

/* --- sessions --- */

static struct tls_session *find_session(struct control_tls *tls, const struct control_url *url)
{
	struct tls_session *session;

	LS_LIST_EACH (it, &tls->sessions) {
		session = LS_CONTAINER(it, struct tls_session, node);
		if (session->port == url->port && ls_streq(session->host, url->host))
			return session;
	}
	session = ls_new(struct tls_session);
	session->port = url->port;
	memcpy(session->host, url->host, sizeof(session->host));
	ls_list_append(&tls->sessions, &session->node);
	return session;
}

/* Returns 1 to keep the reference to `fresh`. */
static int on_session(SSL *ssl, SSL_SESSION *fresh)
{
	struct tls_session *session = SSL_get_ex_data(ssl, session_index);

	if (!session)
		return 0;
	SSL_SESSION_free(session->session);
	session->session = fresh;
	return 1;
}

/* --- the context --- */

/* True when the directory has certificates with hash names, as c_rehash makes them. */
static bool has_hashed_certificates(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		found = len == 10 && strspn(entry->d_name, "0123456789abcdef") == 8 &&
		        ls_streq(entry->d_name + 8, ".0");
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

/* Authorities are looked up by hash when a chain needs them. The file with all of them takes more
 * than a megabyte of memory, so it is read only when the environment names one or there is no
 * directory of hashes. */
static int load_authorities(SSL_CTX *ctx, struct ls_fail *fail)
{
	const char *file = getenv(X509_get_default_cert_file_env());
	const char *dir = getenv(X509_get_default_cert_dir_env());

	if (file && *file) {
		if (SSL_CTX_load_verify_file(ctx, file) != 1)
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                   "the environment's %s, %s, cannot be read as "
			                   "certificates in PEM",
			                   X509_get_default_cert_file_env(), file);
	} else if (!dir && !has_hashed_certificates(X509_get_default_cert_dir())) {
		(void)SSL_CTX_set_default_verify_file(ctx);
	}
	if (SSL_CTX_set_default_verify_dir(ctx) != 1)
		return ls_fail_set(fail, -ENOMEM, "TLS: out of memory");
	return 0;
}

static int set_up(struct control_tls *tls, struct ls_fail *fail)
{
	static const unsigned char alpn[] = "\x08http/1.1"; /* RFC 7301 3.1 */
	SSL_CTX *ctx = tls->ctx = SSL_CTX_new(TLS_client_method());

	if (verdict_index < 0)
		verdict_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (session_index < 0)
		session_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (!ctx || verdict_index < 0 || session_index < 0 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) != 0)
		return ls_fail_set(fail, -ENOMEM, "TLS does not start: out of memory");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, tls);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	if (!tls->looks_only) {
		(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
		                                                  SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, on_session);
	}
	return load_authorities(ctx, fail);
}

int control_tls_new(const struct control_trust *trust, struct control_tls **ret,
                    struct ls_fail *fail)
{
	struct control_tls *tls = ls_new(struct control_tls);
	int r;

	ls_list_init(&tls->sessions);
	tls->looks_only = !trust;
	if (trust)
		tls->trust = *trust;
	r = set_up(tls, fail);
	ERR_clear_error();
	if (r < 0) {
		control_tls_free(tls);
		return r;
	}
	*ret = tls;
	return 0;
}

void control_tls_free(struct control_tls *tls)
{
	if (!tls)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &tls->sessions) {
		struct tls_session *session = LS_CONTAINER(it, struct tls_session, node);

		SSL_SESSION_free(session->session);
		free(session);
	}
	SSL_CTX_free(tls->ctx);
	free(tls);
}

/* --- a connection --- */

static bool set_name(SSL *ssl, const struct control_url *url)
{
	/* Only names are sent to the server, no addresses (RFC 6066 3). */
	if (url->numeric)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url->host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, url->host) == 1 && SSL_set_tlsext_host_name(ssl, url->host) == 1;
}

int control_tls_start(struct control_tls *tls, const struct control_url *url,
                      struct control_tls_verdict *verdict, SSL **ret, struct ls_fail *fail)
{
	struct tls_session *session = tls->looks_only ? NULL : find_session(tls, url);
	SSL *ssl = SSL_new(tls->ctx);

	*verdict = (struct control_tls_verdict){0};
	if (!ssl || !set_name(ssl, url) || SSL_set_ex_data(ssl, verdict_index, verdict) != 1 ||
	    SSL_set_ex_data(ssl, session_index, session) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return ls_fail_set(fail, -ENOMEM, "TLS: out of memory");
	}
	if (session && session->session)
		(void)SSL_set_session(ssl, session->session); /* else a full handshake */
	*ret = ssl;
	return 0;
}

void control_tls_started(SSL *ssl)
{
	(void)SSL_set_ex_data(ssl, verdict_index, NULL);
}

void control_tls_close(SSL *ssl)
{
	/* Sends one close_notify and does not wait for the other side's: the socket is closed
	 * next. */
	if (SSL_is_init_finished(ssl)) {
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
		(void)SSL_shutdown(ssl);
	}
	ERR_clear_error();
}
