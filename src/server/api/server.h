/* SPDX-License-Identifier: Apache-2.0 */
/* The control server: HTTP over a state. One thread, one event loop. */
#ifndef LS_SERVER_API_SERVER_H
#define LS_SERVER_API_SERVER_H

#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>

#include "base/list.h"
#include "proto/netmap.h"
#include "server/api/attempts.h"
#include "server/http/bounds.h"
#include "server/http/source.h"
#include "server/metrics/histogram.h"
#include "server/metrics/requests.h"
#include "server/process/sockets.h"
#include "server/state/state.h"
#include "server/state/text.h"
#include "server/state/watcher.h"
#include "server/store/watch.h"

struct server_config {
	struct server_sockets *sockets; /* taken over one by one */
	const char *tls_cert;           /* NULL: no TLS */
	const char *tls_key;
	struct source_trust proxies;
	struct string_list control_urls;
	bool has_relay;
	struct relay_config relay;
	const char *admin_token;
};

struct httpd_tls;
struct longpolls;

/* What is counted for the metrics. */
struct server_counts {
	struct requests requests; /* routes are rows of the table of endpoints */
	struct histogram work;
	uint64_t waiting; /* long-polls */
	uint64_t auth_wrong;
	uint64_t auth_throttled;
};

struct server {
	struct event_base *base;
	struct evhttp *http;
	struct evhttp *https;   /* NULL: no TLS */
	struct evhttp *metrics; /* the page of metrics alone */
	struct httpd_tls *tls;
	struct server_counts counts;
	struct source_trust proxies; /* borrowed from the config */
	struct store_watch *watch;   /* the state's store */
	struct server_state *state;
	struct secret_hash admin_token;
	struct string_list control_urls; /* borrowed from the config */
	struct text *relay;              /* RelayConfig or null */
	struct attempts *attempts;
	struct event *tick; /* for state_tick */
	int64_t tick_at;    /* what it is set to */
	struct longpolls *polls;
	struct state_watcher watcher; /* keeps `tick` at the state's deadline */
	struct event *finish;         /* while stopping */
	size_t in_flight;             /* requests whose answer is not out yet */
	bool stopping;
	uint64_t stop_deadline_ns;
};

/* Opens the state and answers at the sockets; the address of each goes out as server.listening.
 * Config is borrowed until api_server_free; the store is taken over, on failure too. */
int api_server_new(struct event_base *base, const struct server_config *config, struct store *store,
                   struct server **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. Closes the store. */
void api_server_free(struct server *server);

/* Reads anew what may change while it runs: the certificate and its key. */
void api_server_reload(struct server *server);

/* Accepts no more, answers the waiting polls, and ends the loop when all answers are out. */
void api_server_stop(struct server *server);

#endif
