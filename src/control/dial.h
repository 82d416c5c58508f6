/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the client: from a URL to a stream that requests can be written to. The name is looked
 * up, its addresses are raced, a proxy is asked to connect (https:// URLs), TLS is started and the
 * server checked. Event loop's thread only. */
#ifndef LS_CONTROL_DIAL_H
#define LS_CONTROL_DIAL_H

#include "base/error.h"
#include "control/proxy.h"
#include "control/tls.h"
#include "control/url.h"

struct bufferevent;
struct dial;
struct dialer;
struct event_base;

enum {
	DIAL_HANDSHAKE_TIMEOUT_MS = 5000, /* of proxy and TLS together, once connected */
};

/* What all connections of a client share. `trust` as for control_tls_new; OpenSSL is only touched
 * when the first https:// URL is dialled. */
struct dialer *control_dialer_new(struct event_base *base, const struct control_trust *trust);
/* After its dials; streams may live on. NULL is fine. */
void control_dialer_free(struct dialer *dialer);

/* All borrowed but the stream, which is the callee's, to be closed with control_dial_close. */
struct dial_result {
	struct bufferevent *stream; /* enabled, without callbacks; NULL: failed */
	const struct ls_fail *fail; /* without the URL, but with the proxy's; NULL: connected */
	const struct control_tls_verdict *verdict; /* NULL for an http:// URL */
};
/* The dial is gone. */
typedef void (*dial_done_fn)(void *arg, const struct dial_result *result);

/* `url` and `proxy` (NULL: none) must stay until the end. `done` is never called from inside. */
struct dial *control_dial_start(struct dialer *dialer, const struct control_url *url,
                                const struct proxy *proxy, dial_done_fn done, void *arg);
/* Ends it without its callback. NULL is fine. */
void control_dial_cancel(struct dial *dial);
/* Also from the stream's own callbacks. NULL is fine. */
void control_dial_close(struct bufferevent *stream);
/* libevent frees a closed stream in later turns of its loop. These are they, where a loop is about
 * to end. */
void control_dial_drain(struct event_base *base);

#endif
