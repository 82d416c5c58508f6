/* SPDX-License-Identifier: Apache-2.0 */
/* The server's HTTP front: listeners, their connections, and the requests on them, which go to
 * handlers (request.h). It knows nothing of what is asked. A front belongs to the thread of its
 * loop. */
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
	/* Their connections are never evicted. Borrowed as long as the front lives. */
	struct source_trust proxies;
};

int httpd_new(struct event_base *base, const struct httpd_config *config, struct httpd **ret,
              struct ls_fail *fail) LS_MUST_CHECK;
/* Ends all connections, after those that were detached; handlers are told. NULL is fine. */
void httpd_free(struct httpd *httpd);

struct httpd_listen {
	const char *scheme;                  /* for the log */
	struct httpd_tls *tls;               /* NULL: plain; borrowed as long as the front lives */
	const struct httpd_handler *handler; /* borrowed */
	void *context;                       /* the handler's */
};

/* Takes over a listening socket, on failure too, and serves its connections; its address goes out
 * in the line server.listening. */
int httpd_listen(struct httpd *httpd, int fd, const struct httpd_listen *how,
                 struct ls_fail *fail) LS_MUST_CHECK;
/* Accepts no more, and closes each connection after its answer; calls `stopped` when no answer is
 * awaited any more, or has taken too long. */
void httpd_stop(struct httpd *httpd, void (*stopped)(void *arg), void *arg);

/* Requests whose answer is not out yet. */
size_t httpd_in_flight(const struct httpd *httpd);
struct httpd_counts httpd_counts(const struct httpd *httpd);

/* Sets the process's limit of open files to `connections`, or as near as it may. */
void httpd_set_limit(unsigned long connections);

#endif
