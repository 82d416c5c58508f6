/* SPDX-License-Identifier: Apache-2.0 */
#include "control/dial.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "control/http_io.h"
#include "net/race.h"
#include "net/resolve.h"
#include "profile/known.h"

_Static_assert(2 * (int)LOOKUP_ADDRESSES_MAX <= (int)RACE_ADDRESSES_MAX, "all are raced");
_Static_assert((int)PROFILE_KNOWN_ADDRESSES_MAX <= (int)RACE_ADDRESSES_MAX, "all are raced");

enum {
	CONNECT_TIMEOUT_MS =
	        3000,    /* for all addresses of one URL, counted from the first one found */
	DRAIN_TURNS = 3, /* one for the stream, one for the stream below it (TLS), one spare */
};

struct dialer {
	struct event_base *base;
	struct resolver *resolver;
	struct known_hosts *known; /* NULL: none */
	bool looks_only;
	struct control_trust trust;
	struct control_tls *tls; /* NULL until the first https:// URL */
};

/* A dial goes through these states in order, may skip TUNNELLING and HANDSHAKING, and ends in
 * finish. */
enum dial_state {
	DIAL_STARTING,    /* the step event is pending */
	DIAL_RESOLVING,   /* lookup is set, and has its own time limit */
	DIAL_CONNECTING,  /* race is set; lookup, too, until it has found all addresses */
	DIAL_TUNNELLING,  /* fd and bev are set; waits for the proxy's answer to CONNECT */
	DIAL_HANDSHAKING, /* bev is set and owns the socket */
};

struct dial {
	struct dialer *dialer;
	const struct control_url *url;
	const struct proxy *proxy;
	enum dial_state state;
	struct event *step;
	struct event *limit;
	struct lookup *lookup;
	const char *unresolved; /* why the name's known addresses are tried; NULL: they are not */
	struct race *race;
	int fd; /* -1, or a socket that the dial must close */
	struct ls_ip peer;
	struct bufferevent *bev;
	struct http_reader reader; /* for the proxy's answer */
	struct control_tls_verdict verdict;
	dial_done_fn done;
	void *arg;
};

struct dialer *control_dialer_new(struct event_base *base, const struct control_trust *trust,
                                  struct known_hosts *known)
{
	struct dialer *dialer = ls_new(struct dialer);

	dialer->base = base;
	dialer->known = known;
	dialer->resolver = net_resolver_new(base, 0);
	dialer->looks_only = !trust;
	if (trust)
		dialer->trust = *trust;
	return dialer;
}

void control_dialer_free(struct dialer *dialer)
{
	if (!dialer)
		return;
	net_resolver_free(dialer->resolver);
	control_tls_free(dialer->tls);
	free(dialer);
}

void control_dial_close(struct bufferevent *stream)
{
	SSL *ssl;

	if (!stream)
		return;
	ssl = bufferevent_openssl_get_ssl(stream);
	if (ssl)
		control_tls_close(ssl);
	bufferevent_free(stream);
}

void control_dial_drain(struct event_base *base)
{
	for (int i = 0; i < DRAIN_TURNS; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static void dial_free(struct dial *dial)
{
	net_lookup_cancel(dial->lookup);
	net_race_cancel(dial->race);
	control_dial_close(dial->bev);
	if (dial->fd >= 0)
		(void)close(dial->fd);
	http_reader_done(&dial->reader);
	event_free(dial->step);
	event_free(dial->limit);
	free(dial);
}

/* Ends the dial and reports `stream`, or `fail` when `stream` is NULL. */
static void finish(struct dial *dial, struct bufferevent *stream, const struct ls_fail *fail)
{
	const struct control_tls_verdict verdict = dial->verdict;
	const struct dial_result result = {.stream = stream,
	                                   .peer = dial->peer,
	                                   .fail = fail,
	                                   .verdict = dial->url->tls ? &verdict : NULL};
	dial_done_fn done = dial->done;
	void *arg = dial->arg;

	if (stream)
		dial->bev = NULL;
	dial_free(dial);
	done(arg, &result);
}

/* Reports a failure before the stream reaches the control server's host. With a proxy, the proxy
 * has failed. */
static void finish_on_way(struct dial *dial, int code, const char *reason)
{
	struct ls_fail fail;

	if (dial->proxy) {
		(void)ls_fail_set(&fail, code, "proxy %s (the environment's %s): %s",
		                  dial->proxy->url.text, dial->proxy->variable, reason);
		(void)ls_fail_hint(&fail, LS_HINT_PROXY);
	} else {
		(void)ls_fail_set(&fail, code, "%s", reason);
	}
	finish(dial, NULL, &fail);
}

static void set_limit(struct dial *dial, unsigned ms)
{
	const struct timeval limit = {.tv_sec = (time_t)(ms / 1000),
	                              .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (event_add(dial->limit, &limit) < 0)
		abort(); /* a small fixed object: out of memory */
}

/* --- TLS --- */

/* libevent queues several error codes for one failure, some of its own. Returns the last one of
 * OpenSSL's SSL library. */
static unsigned long tls_error(struct bufferevent *bev)
{
	unsigned long error, found = 0;

	while ((error = bufferevent_get_openssl_error(bev)) != 0) {
		if (ERR_GET_LIB(error) == ERR_LIB_SSL)
			found = error;
	}
	return found;
}

static void on_handshake(struct bufferevent *bev, short what, void *arg)
{
	struct dial *dial = arg;
	struct ls_fail fail;

	if (what & BEV_EVENT_CONNECTED) {
		control_tls_started(bufferevent_openssl_get_ssl(bev));
		bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
		finish(dial, bev, NULL);
		return;
	}
	(void)control_tls_explain(dial->dialer->tls, dial->url, &dial->verdict, tls_error(bev),
	                          &fail);
	finish(dial, NULL, &fail);
}

static int make_tls(struct dial *dial, SSL **ret, struct ls_fail *fail)
{
	struct dialer *dialer = dial->dialer;
	int r = 0;

	if (!dialer->tls)
		r = control_tls_new(dialer->looks_only ? NULL : &dialer->trust, &dialer->tls, fail);
	return r < 0 ? r : control_tls_start(dialer->tls, dial->url, &dial->verdict, ret, fail);
}

static void start_tls(struct dial *dial)
{
	struct ls_fail fail;
	SSL *ssl;

	if (make_tls(dial, &ssl, &fail) < 0) {
		finish(dial, NULL, &fail);
		return;
	}
	/* Frees ssl also when it fails. */
	dial->bev =
	        bufferevent_openssl_socket_new(dial->dialer->base, dial->fd, ssl,
	                                       BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (!dial->bev) {
		(void)ls_fail_set(&fail, -ENOMEM, "TLS: out of memory");
		finish(dial, NULL, &fail);
		return;
	}
	dial->fd = -1;
	dial->state = DIAL_HANDSHAKING;
	bufferevent_setcb(dial->bev, NULL, NULL, on_handshake, dial);
	(void)bufferevent_enable(dial->bev, EV_READ | EV_WRITE);
}

/* --- the proxy's tunnel --- */

static void explain_refusal(struct dial *dial)
{
	int status = dial->reader.status;
	char reason[CONTROL_URL_HOST_MAX + 120];

	if (status == HTTP_STATUS_PROXY_AUTH)
		(void)snprintf(reason, sizeof(reason), "407: %s",
		               dial->proxy->authorization ? "it refuses the user name and password"
		                                          : "it wants a user name and password: "
		                                            "http://USER:PASSWORD@HOST:PORT");
	else
		(void)snprintf(reason, sizeof(reason), "%d: it %s to %s:%u%s", status,
		               status >= 500 ? "cannot connect" : "does not connect",
		               dial->url->host, dial->url->port,
		               status >= 500 ? "" : "; allow it there, or set no_proxy");
	finish_on_way(dial, status >= 500 ? LS_ERROR_UNREACHABLE : LS_ERROR_REMOTE, reason);
}

static void on_tunnel_read(struct bufferevent *bev, void *arg)
{
	struct dial *dial = arg;
	bool exact = control_http_receive(bev, &dial->reader);

	if (dial->reader.state == HTTP_FAILED) {
		finish_on_way(dial, dial->reader.code, dial->reader.problem);
	} else if (dial->reader.status >= 300 && dial->reader.state != HTTP_STATUS_LINE &&
	           dial->reader.state != HTTP_HEADERS) {
		explain_refusal(dial);
	} else if (dial->reader.state == HTTP_DONE && !exact) {
		/* In TLS the client sends first, so these bytes are not from the server. */
		finish_on_way(dial, LS_ERROR_SYNTAX, "its answer to CONNECT is not HTTP");
	} else if (dial->reader.state == HTTP_DONE) {
		/* This does not close the socket: it belongs to the dial. */
		(void)bufferevent_disable(dial->bev, EV_READ | EV_WRITE);
		bufferevent_free(dial->bev);
		dial->bev = NULL;
		start_tls(dial);
	}
}

static void on_tunnel_event(struct bufferevent *bev, short what, void *arg)
{
	struct dial *dial = arg;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		finish_on_way(dial, LS_ERROR_UNREACHABLE,
		              "it closed the connection instead of answering");
}

static void start_tunnel(struct dial *dial)
{
	const struct control_url *url = dial->url;
	bool v6 = url->numeric && strchr(url->host, ':');
	char target[CONTROL_URL_HOST_MAX + sizeof("[]:65535")];
	struct http_request request = {.method = "CONNECT",
	                               .target = target,
	                               .host = target,
	                               .proxy_authorization = dial->proxy->authorization};
	struct ls_fail fail;

	(void)snprintf(target, sizeof(target), "%s%s%s:%u", v6 ? "[" : "", url->host, v6 ? "]" : "",
	               url->port);
	dial->state = DIAL_TUNNELLING;
	http_reader_init(&dial->reader, HTTP_HEAD_MAX, true);
	dial->bev = bufferevent_socket_new(dial->dialer->base, dial->fd, 0);
	if (!dial->bev || control_http_send(dial->bev, &request, &fail) < 0) {
		finish_on_way(dial, -ENOMEM, "out of memory");
		return;
	}
	bufferevent_setcb(dial->bev, on_tunnel_read, NULL, on_tunnel_event, dial);
	(void)bufferevent_enable(dial->bev, EV_READ | EV_WRITE);
}

/* --- TCP --- */

static void start_plain(struct dial *dial)
{
	struct bufferevent *bev =
	        bufferevent_socket_new(dial->dialer->base, dial->fd, BEV_OPT_CLOSE_ON_FREE);
	struct ls_fail fail;

	if (!bev) {
		(void)ls_fail_set(&fail, -ENOMEM, "out of memory");
		finish(dial, NULL, &fail);
		return;
	}
	dial->fd = -1;
	(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
	finish(dial, bev, NULL);
}

static const char *connect_reason(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "connection refused";
	case ENETUNREACH:
	case EADDRNOTAVAIL:
		return "network unreachable";
	case EHOSTUNREACH:
		return "host unreachable";
	case ETIMEDOUT:
		return "connecting timed out";
	default:
		return "cannot connect";
	}
}

static void finish_unconnected(struct dial *dial, const char *reason)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "%s; at its last known address: %s",
	               dial->unresolved ? dial->unresolved : "", reason);
	finish_on_way(dial, LS_ERROR_UNREACHABLE, dial->unresolved ? text : reason);
}

static void note_peer(struct dial *dial)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct ls_endpoint peer;

	if (getpeername(dial->fd, (struct sockaddr *)&storage, &len) == 0 &&
	    ls_endpoint_from_sockaddr((const struct sockaddr *)&storage, &peer) == 0)
		dial->peer = peer.ip;
}

static void on_raced(void *arg, int fd, int error)
{
	struct dial *dial = arg;

	dial->race = NULL;
	net_lookup_cancel(dial->lookup);
	dial->lookup = NULL;
	if (fd < 0) {
		finish_unconnected(dial, connect_reason(error));
		return;
	}
	dial->fd = fd;
	note_peer(dial);
	set_limit(dial, DIAL_HANDSHAKE_TIMEOUT_MS);
	if (!dial->url->tls)
		start_plain(dial);
	else if (dial->proxy)
		start_tunnel(dial);
	else
		start_tls(dial);
}

/* --- names --- */

/* The host to connect to: the proxy or the server. */
static const struct control_url *next_hop(const struct dial *dial)
{
	return dial->proxy ? &dial->proxy->url : dial->url;
}

/* When a name cannot be resolved: the addresses at which the host has answered before, in place of
 * the lookup's answer. False when there are none. */
static bool use_known(struct dial *dial, struct lookup_answer *answer)
{
	const char *name = next_hop(dial)->host;
	const struct known_host *host =
	        dial->dialer->known ? profile_known_find(dial->dialer->known, name) : NULL;

	if (!host)
		return false;
	ls_debug("control.known_addresses", "host=%s count=%zu reason=\"%s\"", name, host->count,
	         answer->reason);
	dial->unresolved = answer->reason;
	*answer = (struct lookup_answer){
	        .addresses = host->addresses, .count = host->count, .last = true};
	return true;
}

/* Each answer with addresses restarts the connection timeout. */
static void on_lookup(void *arg, const struct lookup_answer *found)
{
	struct dial *dial = arg;
	struct lookup_answer known = *found;
	const struct lookup_answer *answer = &known;

	if (found->last)
		dial->lookup = NULL;
	if (found->reason && !use_known(dial, &known)) {
		finish_on_way(dial, LS_ERROR_UNREACHABLE, found->reason);
		return;
	}
	for (size_t i = 0; i < answer->count && dial->dialer->known; i++)
		profile_known_see(dial->dialer->known, &answer->addresses[i]);
	if (!dial->race)
		dial->race =
		        net_race_start(dial->dialer->base, next_hop(dial)->port, on_raced, dial);
	dial->state = DIAL_CONNECTING;
	if (answer->count > 0)
		set_limit(dial, CONNECT_TIMEOUT_MS);
	net_race_add(dial->race, answer->addresses, answer->count, answer->last);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	dial->state = DIAL_RESOLVING;
	dial->lookup =
	        net_resolver_start(dial->dialer->resolver, next_hop(dial)->host, on_lookup, dial);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;
	struct ls_fail fail;

	(void)fd;
	(void)what;
	switch (dial->state) {
	case DIAL_STARTING:
	case DIAL_RESOLVING:
		return; /* no limit is set in these states */
	case DIAL_CONNECTING:
		/* While the lookup may find more addresses, the known ones get more time. */
		if (dial->lookup)
			set_limit(dial, CONNECT_TIMEOUT_MS);
		else
			finish_unconnected(dial, "connecting timed out");
		return;
	case DIAL_TUNNELLING:
		finish_on_way(dial, LS_ERROR_UNREACHABLE, "it does not answer in time");
		return;
	case DIAL_HANDSHAKING:
		(void)ls_fail_set(&fail, LS_ERROR_UNREACHABLE,
		                  "the TLS handshake timed out; does this port speak TLS?");
		(void)ls_fail_hint(&fail, LS_HINT_SCHEME);
		finish(dial, NULL, &fail);
		return;
	}
}

struct dial *control_dial_start(struct dialer *dialer, const struct control_url *url,
                                const struct proxy *proxy, dial_done_fn done, void *arg)
{
	struct dial *dial = ls_new(struct dial);

	dial->dialer = dialer;
	dial->url = url;
	dial->proxy = proxy;
	dial->fd = -1;
	dial->done = done;
	dial->arg = arg;
	dial->step = event_new(dialer->base, -1, 0, on_step, dial);
	dial->limit = event_new(dialer->base, -1, 0, on_limit, dial);
	if (!dial->step || !dial->limit)
		abort(); /* small fixed objects: out of memory */
	event_active(dial->step, EV_TIMEOUT, 0);
	return dial;
}

void control_dial_cancel(struct dial *dial)
{
	if (dial)
		dial_free(dial);
}
