/* SPDX-License-Identifier: Apache-2.0 */
/* Only for api/: the server object that all its files share. One thread, one event loop. */
#ifndef LS_SERVER_API_SERVICE_H
#define LS_SERVER_API_SERVICE_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/string_list.h"
#include "server/api/attempts.h"
#include "server/http/source.h"
#include "server/metrics/histogram.h"
#include "server/metrics/requests.h"
#include "server/state/secrets.h"
#include "server/state/state.h"
#include "server/state/text.h"
#include "server/state/watcher.h"
#include "server/store/store.h"

struct httpd;
struct httpd_tls;
struct longpolls;
struct waiting;

/* The counters for the metrics. */
struct server_counts {
	struct requests requests; /* routes are rows of the table of endpoints */
	struct histogram work;    /* time to answer, without the wait of a long-poll */
	uint64_t waiting;         /* long-polls */
	uint64_t auth_wrong;      /* wrong credentials */
	uint64_t auth_throttled;  /* requests refused after too many wrong credentials */
	/* Requests that the store has done nothing for. */
	uint64_t no_room; /* too many changes waited */
	uint64_t waited_too_long;
	uint64_t left;           /* the client had gone */
	uint64_t unknown_end;    /* the answer came before the end of the change was known */
	uint64_t node_refused;   /* requests of nodes that have too many at once */
	uint64_t polls_replaced; /* long-polls ended by a newer one of their node */
};

struct server {
	struct event_base *base;
	struct httpd *httpd;
	struct httpd_tls *tls;
	struct server_counts counts;
	struct source_trust proxies; /* borrowed from the config */
	struct server_state *state;
	struct secret_hash admin_token;
	struct string_list control_urls; /* borrowed from the config */
	struct text *relay;              /* RelayConfig or null */
	struct attempts *attempts;
	struct ls_map *node_requests; /* struct node_requests, by id (node_requests.c) */
	struct event *tick;           /* the timer that checks the clock and calls state_tick() */
	struct event *gather;         /* the timer that calls state_gather_run() */
	struct longpolls *polls;
	struct waiting *waiting;      /* calls that wait for the store */
	struct state_watcher watcher; /* keeps `tick` at the state's deadline */
	bool stopping;
};

/* The time of a request that comes now, as Unix time. Tells it to the state, which may begin
 * changes when the clock was set. */
int64_t api_server_now(const struct server *server);

#endif
