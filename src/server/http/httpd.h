/* SPDX-License-Identifier: Apache-2.0 */
/* The server's HTTP front: listeners, their connections, and the requests on them, which it passes
 * to handlers (handler.h). It does not know the API. The thread of its loop owns a front. */
#ifndef LS_SERVER_HTTP_HTTPD_H
#define LS_SERVER_HTTP_HTTPD_H

#include <event2/event.h>

#include "base/error.h"
#include "server/http/bounds.h"
#include "server/http/counts.h"
#include "server/http/handler.h"
#include "server/http/source.h"

struct httpd;
struct httpd_tls;

struct httpd_config {
	struct httpd_limits limits;
	/* Connections from these stay when they are idle. Borrowed while the front lives. */
	struct source_trust proxies;
};

int httpd_new(struct event_base *base, const struct httpd_config *config, struct httpd **ret,
              struct ls_fail *fail) LS_MUST_CHECK;
/* Ends all connections and tells the handlers. Detached connections must have been freed before.
 * NULL is fine. */
void httpd_free(struct httpd *httpd);

struct httpd_listen {
	const char *scheme;                  /* for the log */
	struct httpd_tls *tls;               /* NULL: plain; borrowed while the front lives */
	const struct httpd_handler *handler; /* borrowed */
	void *context;                       /* for the handler */
};

/* Serves the connections of a listening socket and logs its address as server.listening. The front
 * owns the socket from here on, also when this call fails. */
int httpd_listen(struct httpd *httpd, int fd, const struct httpd_listen *how,
                 struct ls_fail *fail) LS_MUST_CHECK;
/* Accepts no more connections and closes each one after its answer. Calls `stopped` when all
 * answers are sent, or after stop_grace_ms. */
void httpd_stop(struct httpd *httpd, void (*stopped)(void *arg), void *arg);

/* The number of requests whose answer is not completely sent. */
size_t httpd_in_flight(const struct httpd *httpd);
struct httpd_counts httpd_counts(const struct httpd *httpd);

/* Sets the process's limit of open files to `files`, or as close as it is allowed. Returns how many
 * connections there can be then. */
size_t httpd_set_limit(size_t files);

#endif
