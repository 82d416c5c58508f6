/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the client: opens a stream to a URL's server, ready for requests. It looks up the
 * name, races its addresses, asks a proxy to connect (https:// URLs), starts TLS and checks the
 * server. Event loop's thread only. */
#ifndef LS_CONTROL_DIAL_H
#define LS_CONTROL_DIAL_H

#include "base/error.h"
#include "control/proxy.h"
#include "control/tls.h"
#include "control/url.h"
#include "wire/ip.h"

struct bufferevent;
struct dial;
struct dialer;
struct event_base;
struct known_hosts;

enum {
	DIAL_HANDSHAKE_TIMEOUT_MS = 5000, /* for the proxy's CONNECT and TLS together */
};

/* What all connections of a client share. `trust` is as for control_tls_new. OpenSSL is not used
 * before the first https:// URL. `known`, which the dialer borrows, has addresses to try when a
 * name cannot be resolved, and is told the addresses that lookups find; NULL: there are none. */
struct dialer *control_dialer_new(struct event_base *base, const struct control_trust *trust,
                                  struct known_hosts *known);
/* Call it after all its dials have ended; streams may live longer. NULL is fine. */
void control_dialer_free(struct dialer *dialer);

/* The callee owns the stream and closes it with control_dial_close; the rest is borrowed. */
struct dial_result {
	struct bufferevent *stream; /* enabled, without callbacks; NULL: failed */
	struct ls_ip peer;          /* where it is connected to: the server, or the proxy */
	const struct ls_fail *fail; /* its text names the proxy, but not the URL; NULL: connected */
	const struct control_tls_verdict *verdict; /* NULL for an http:// URL */
};
/* The dial is freed already. */
typedef void (*dial_done_fn)(void *arg, const struct dial_result *result);

/* `url` and `proxy` (NULL: none) must live as long as the dial. `done` is never called inside
 * control_dial_start. */
struct dial *control_dial_start(struct dialer *dialer, const struct control_url *url,
                                const struct proxy *proxy, dial_done_fn done, void *arg);
/* Cancels the dial without calling its callback. NULL is fine. */
void control_dial_cancel(struct dial *dial);
/* May be called from the stream's own callbacks. NULL is fine. */
void control_dial_close(struct bufferevent *stream);
/* libevent frees a closed stream in later turns of its loop: runs these turns, for a loop that is
 * about to end. */
void control_dial_drain(struct event_base *base);

#endif
