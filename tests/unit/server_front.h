/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP front on loopback, plain and TLS, with a handler of the test, and clients of it. All run
 * on one thread: a client's call does not block, and the loop runs until the client has what it
 * waits for. */
#ifndef LS_TESTS_SERVER_FRONT_H
#define LS_TESTS_SERVER_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/http/front.h"
#include "server/http/httpd.h"
#include "server/http/request.h"
#include "server/http/tls.h"

enum {
	BODY_MAX = 10,
	MUCH_MAX = 1 << 20,
	LARGE = 8 << 20,     /* more than the kernel keeps for a connection */
	PATIENCE_MS = 20000, /* for what must come */
	RECEIVED_MAX = LARGE + 4096,
};

static char cert_path[] = "/tmp/ls-front-cert-XXXXXX";
static char key_path[] = "/tmp/ls-front-key-XXXXXX";
static char large[LARGE];

struct world {
	struct event_base *base;
	struct httpd *httpd;
	struct httpd_tls *tls;
	int port;
	int tls_port;
	/* What the handler has seen. */
	struct httpd_request *held; /* of the last /wait, to be answered */
	struct httpd_tenant tenant; /* of /join.. */
	struct httpd_detached *detached;
	unsigned heads, bodies, faults, half_closed, gone, empty, refused;
	bool stopped;
};

/* --- the handler --- */

static inline void answer(struct httpd_request *request, enum http_status status, const void *data,
                          size_t len)
{
	struct evbuffer *body = evbuffer_new();

	assert_int_equal(evbuffer_add(body, data, len), 0);
	httpd_request_answer(
	        request,
	        &(struct httpd_answer){.status = status, .type = "text/plain", .body = body});
	evbuffer_free(body);
}

static inline void answer_shared(struct httpd_request *request)
{
	struct evbuffer *body = evbuffer_new();

	assert_int_equal(evbuffer_add_reference(body, large, sizeof(large), NULL, NULL), 0);
	httpd_request_answer(request, &(struct httpd_answer){.status = HTTP_STATUS_OK,
	                                                     .body = body,
	                                                     .shared = sizeof(large)});
	evbuffer_free(body);
}

static inline void on_empty(struct httpd_tenant *tenant)
{
	struct world *w = LS_CONTAINER(tenant, struct world, tenant);

	assert_int_equal(tenant->count, 0);
	w->empty++;
}

static inline bool starts(const char **path, const char *with)
{
	size_t len = strlen(with);

	if (strncmp(*path, with, len) != 0)
		return false;
	*path += len;
	return true;
}

/* /known.. has a credential; /join.. counts for the tenant; then what to do. */
static inline void on_head(void *context, struct httpd_request *request,
                           const struct http_head *head)
{
	const char *path = head->path;
	struct world *w = context;

	w->heads++;
	assert_null(httpd_request_user(request));
	httpd_request_set_user(request, w);
	if (starts(&path, "/known"))
		httpd_request_vouch(request);
	if (starts(&path, "/join") && !httpd_request_join(request, &w->tenant, 3)) {
		w->refused++;
		answer(request, HTTP_STATUS_TOO_MANY, "no", 2);
	} else if (strcmp(path, "/take") == 0) {
		httpd_request_take_body(request, BODY_MAX);
	} else if (strcmp(path, "/much") == 0) {
		httpd_request_take_body(request, MUCH_MAX);
	} else if (strcmp(path, "/wait") == 0) {
		w->held = request;
	} else if (strcmp(path, "/upgrade") == 0) {
		w->detached = httpd_request_detach(request);
		assert_non_null(w->detached);
	} else if (strcmp(path, "/refuse") == 0) {
		answer(request, HTTP_STATUS_UNAUTHORISED, "no", 2);
	} else if (strcmp(path, "/large") == 0) {
		answer(request, HTTP_STATUS_OK, large, sizeof(large));
	} else if (strcmp(path, "/shared") == 0) {
		answer_shared(request);
	} else {
		answer(request, HTTP_STATUS_OK, path, strlen(path));
	}
}

static inline void on_body(void *context, struct httpd_request *request, const struct ls_buf *body)
{
	struct world *w = context;

	w->bodies++;
	assert_ptr_equal(httpd_request_user(request), w);
	answer(request, HTTP_STATUS_OK, ls_buf_text(body), body->len);
}

static inline void on_fault(void *context, struct httpd_request *request, enum http_status status,
                            const char *text)
{
	struct world *w = context;

	w->faults++;
	answer(request, status, text, strlen(text));
}

static inline void on_half_closed(void *context, struct httpd_request *request)
{
	struct world *w = context;

	w->half_closed++;
	assert_ptr_equal(request, w->held);
}

static inline void on_gone(void *context, struct httpd_request *request)
{
	struct world *w = context;

	w->gone++;
	if (w->held == request)
		w->held = NULL;
}

static const struct httpd_handler handler = {.head = on_head,
                                             .body = on_body,
                                             .fault = on_fault,
                                             .half_closed = on_half_closed,
                                             .gone = on_gone};

/* --- the world --- */

static inline int listen_on(struct world *w, struct httpd_tls *tls)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct httpd_listen how = {
	        .scheme = "test", .tls = tls, .handler = &handler, .context = w};
	socklen_t len = sizeof(address);
	struct ls_fail fail;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 100), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(httpd_listen(w->httpd, fd, &how, &fail), 0);
	return ntohs(address.sin_port);
}

static struct source_trust proxies; /* none, unless a test sets some */

static inline void open_world(struct world *w, const struct httpd_limits *limits)
{
	struct httpd_config config = {.limits = *limits, .proxies = proxies};
	struct ls_fail fail;

	*w = (struct world){.base = event_base_new()};
	httpd_tenant_init(&w->tenant, on_empty);
	assert_int_equal(httpd_tls_new(cert_path, key_path, &w->tls, &fail), 0);
	assert_int_equal(httpd_new(w->base, &config, &w->httpd, &fail), 0);
	w->port = listen_on(w, NULL);
	w->tls_port = listen_on(w, w->tls);
}

static inline void close_world(struct world *w)
{
	httpd_detached_free(w->detached);
	httpd_free(w->httpd);
	httpd_tls_free(w->tls);
	event_base_free(w->base);
}

static const struct httpd_limits usual = HTTPD_LIMITS;

/* Runs the loop a little, not longer than that. */
static inline void turn(struct world *w)
{
	const struct timeval soon = {.tv_usec = 2000};

	(void)event_base_loopexit(w->base, &soon);
	(void)event_base_loop(w->base, EVLOOP_ONCE);
}

#define WAIT_FOR(w, condition)                                                                     \
	do {                                                                                       \
		uint64_t end_ = ls_now_ns() + PATIENCE_MS * LS_NS_PER_MS;                          \
		while (!(condition)) {                                                             \
			if (ls_now_ns() > end_)                                                    \
				fail_msg("waited in vain for %s", #condition);                     \
			turn(w);                                                                   \
		}                                                                                  \
	} while (0)

static inline size_t memory(const struct world *w)
{
	return httpd_counts(w->httpd).memory;
}

static inline bool has_no_connection(struct world *w)
{
	return ls_list_empty(&w->httpd->connections);
}

/* --- the client --- */

struct client {
	struct world *w;
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	char *in;
	size_t len;
	bool ended;
};

static inline void connect_from(struct client *c, struct world *w, bool tls, const char *source)
{
	struct sockaddr_in address = {.sin_family = AF_INET}, own = {.sin_family = AF_INET};
	const int room = 64 << 10; /* else the kernel may take a large answer for the client */

	*c = (struct client){.w = w, .in = calloc(1, RECEIVED_MAX)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)(tls ? w->tls_port : w->port));
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_int_equal(inet_pton(AF_INET, source, &own.sin_addr), 1);
	assert_int_equal(bind(c->fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(evutil_make_socket_nonblocking(c->fd), 0);
	if (!tls)
		return;
	c->context = SSL_CTX_new(TLS_client_method());
	(void)SSL_CTX_set_mode(c->context,
	                       SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	c->ssl = SSL_new(c->context);
	assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
	SSL_set_connect_state(c->ssl);
	WAIT_FOR(w, SSL_do_handshake(c->ssl) == 1);
}

static inline void connect_to(struct client *c, struct world *w, bool tls)
{
	connect_from(c, w, tls, "127.0.0.1");
}

static inline void hang_up(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->context);
	(void)close(c->fd);
	free(c->in);
}

/* Some of it; false when it cannot be sent any more. */
static inline bool try_send(struct client *c, const char **data, size_t *len)
{
	ssize_t n;

	if (c->ssl) {
		n = SSL_write(c->ssl, *data, (int)*len);
		if (n <= 0 && SSL_get_error(c->ssl, (int)n) != SSL_ERROR_WANT_READ &&
		    SSL_get_error(c->ssl, (int)n) != SSL_ERROR_WANT_WRITE)
			return false;
	} else {
		n = send(c->fd, *data, *len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return false;
	}
	if (n > 0) {
		*data += n;
		*len -= (size_t)n;
	}
	return true;
}

/* Sends without a look at what comes back, which may be that the front has ended the connection. */
static inline void push(struct client *c, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && try_send(c, &text, &len) && len > 0)
		turn(c->w);
}

static inline void push_much(struct client *c, size_t len)
{
	const char *data = large;

	while (len > 0 && try_send(c, &data, &len))
		turn(c->w);
}

static inline void settle(struct world *w)
{
	for (int i = 0; i < 8; i++)
		turn(w);
}

static inline void say_bytes(struct client *c, const char *data, size_t len)
{
	while (len > 0) {
		assert_true(try_send(c, &data, &len));
		if (len > 0)
			turn(c->w);
	}
}

static inline void say(struct client *c, const char *text)
{
	say_bytes(c, text, strlen(text));
}

static inline void hear(struct client *c)
{
	size_t room = RECEIVED_MAX - 1 - c->len;
	ssize_t n;

	if (c->ssl) {
		n = SSL_read(c->ssl, c->in + c->len, (int)room);
		if (n <= 0) {
			c->ended = SSL_get_error(c->ssl, (int)n) != SSL_ERROR_WANT_READ;
			return;
		}
	} else {
		n = recv(c->fd, c->in + c->len, room, 0);
		if (n <= 0) {
			c->ended = n == 0 || errno != EAGAIN;
			return;
		}
	}
	c->len += (size_t)n;
	c->in[c->len] = '\0';
}

static inline bool has_heard(struct client *c, const char *text)
{
	hear(c);
	return strstr(c->in, text) != NULL;
}

/* Waits for the text, and forgets everything so far. */
static inline void expect(struct client *c, const char *text)
{
	uint64_t end = ls_now_ns() + PATIENCE_MS * LS_NS_PER_MS;

	while (!has_heard(c, text)) {
		if (c->ended || ls_now_ns() > end)
			fail_msg("%s expected: %s", text, c->in);
		turn(c->w);
	}
}

static inline void forget(struct client *c)
{
	c->len = 0;
	c->in[0] = '\0';
}

static inline bool has_ended(struct client *c)
{
	hear(c);
	return c->ended;
}

static inline unsigned times(const char *text, const char *part)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

#define HOST  "Host: a\r\n"
#define END   HOST "\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"

/* --- a certificate of the test's own --- */

static inline int make_certificate(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	int cert_fd = mkstemp(cert_path), key_fd = mkstemp(key_path);
	FILE *cert_file = fdopen(cert_fd, "w"), *key_file = fdopen(key_fd, "w");

	(void)state;
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"front",
	                                 -1, -1, 0);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) == 0 || PEM_write_X509(cert_file, cert) != 1 ||
	    PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) != 1)
		return -1;
	X509_free(cert);
	EVP_PKEY_free(key);
	return fclose(cert_file) | fclose(key_file);
}

static inline int remove_certificate(void **state)
{
	(void)state;
	(void)unlink(cert_path);
	(void)unlink(key_path);
	return 0;
}

#endif
