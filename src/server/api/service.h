/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of api/: the server that all its parts work for. One thread, one event loop. */
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
#include "server/store/watch.h"

struct httpd;
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
	struct httpd *httpd;
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
	bool stopping;
};

#endif
