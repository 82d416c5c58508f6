/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/budget.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "server/http/rank.h"

enum {
	STRANGERS_PART = 4,      /* connections without a credential get a quarter of the memory */
	TRIM_MIN = 4 << 20,      /* do not bother for less */
	TRIM_AFTER_S = 2,        /* more may be freed soon */
	CONNECTION_BYTES = 1024, /* about what a connection takes, for the decision to trim */
};

static size_t weight(const struct httpd *httpd)
{
	return httpd->budget.used + httpd->connection_count * CONNECTION_BYTES;
}

/* The C library keeps freed memory, except the end of the heap. */
static void on_trim(evutil_socket_t fd, short what, void *arg)
{
	struct httpd *httpd = arg;

	(void)fd;
	(void)what;
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
	httpd->budget.peak = weight(httpd);
}

int httpd_budget_init(struct httpd *httpd)
{
	httpd->budget.max = httpd->limits.memory;
	httpd->budget.trim = event_new(httpd->base, -1, 0, on_trim, httpd);
	return httpd->budget.trim ? 0 : -ENOMEM;
}

void httpd_budget_done(struct httpd *httpd)
{
	if (httpd->budget.trim)
		event_free(httpd->budget.trim);
}

static size_t held_by(const struct httpd_connection *conn)
{
	const struct http_body *body = conn->request.body;
	size_t held = conn->in.cap;

	if (conn->state == HTTPD_DEAD)
		return 0;
	if (body)
		held += body->content.cap + body->line.cap;
	if (conn->out)
		held += conn->out_own;
	return held;
}

static void look_for_trim(struct httpd *httpd)
{
	static const struct timeval soon = {.tv_sec = TRIM_AFTER_S};
	struct httpd_budget *budget = &httpd->budget;
	size_t now = weight(httpd);

	if (now > budget->peak)
		budget->peak = now;
	else if (budget->peak >= TRIM_MIN && now <= budget->peak / 2 &&
	         !event_pending(budget->trim, EV_TIMEOUT, NULL))
		(void)event_add(budget->trim, &soon);
}

void httpd_budget_count(struct httpd_connection *conn)
{
	struct httpd *httpd = conn->listener->httpd;
	struct httpd_budget *budget = &httpd->budget;
	size_t held = held_by(conn), as_stranger = conn->known ? 0 : held;
	bool passed;

	budget->used += held - conn->held;
	budget->strangers += as_stranger - conn->held_as_stranger;
	passed = (held > HTTP_LARGE) != (conn->held > HTTP_LARGE);
	conn->held = held;
	conn->held_as_stranger = as_stranger;
	if (passed && !conn->known)
		httpd_rank_set(conn);
	look_for_trim(httpd);
}

bool httpd_budget_exceeded(const struct httpd_connection *conn)
{
	const struct httpd_budget *budget = &conn->listener->httpd->budget;

	return budget->used > budget->max ||
	       (!conn->known && budget->strangers > budget->max / STRANGERS_PART);
}
