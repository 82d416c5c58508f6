/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/evict.h"

#include "server/http/budget.h"
#include "server/http/connection.h"
#include "server/http/rank.h"

static bool end(struct httpd_connection *conn, uint64_t *counter)
{
	if (!conn)
		return false;
	(*counter)++;
	httpd_connection_kill(conn);
	return true;
}

bool httpd_evict_stranger(struct httpd *httpd)
{
	struct httpd_connection *idle = httpd_rank_first(httpd, HTTPD_RANK_STRANGER);
	struct httpd_connection *unfinished = httpd_rank_first(httpd, HTTPD_RANK_UNFINISHED);

	if (!idle || (unfinished && unfinished->ranked_ns < idle->ranked_ns))
		idle = unfinished;
	return end(idle, &httpd->counts.evicted);
}

bool httpd_evict_for_connection(struct httpd *httpd)
{
	return httpd_evict_stranger(httpd) ||
	       end(httpd_rank_first(httpd, HTTPD_RANK_IDLE), &httpd->counts.evicted) ||
	       end(httpd_rank_first(httpd, HTTPD_RANK_BUSY), &httpd->counts.evicted);
}

bool httpd_evict_for_memory(struct httpd_connection *conn)
{
	struct httpd *httpd = conn->listener->httpd;

	while (httpd_budget_exceeded(conn)) {
		struct httpd_connection *oldest = httpd_rank_first(httpd, HTTPD_RANK_UNFINISHED);

		if (!oldest && conn->known)
			oldest = httpd_rank_first(httpd, HTTPD_RANK_BUSY);
		if (!oldest || oldest == conn) {
			httpd->counts.no_memory++;
			return false;
		}
		(void)end(oldest, &httpd->counts.evicted_memory);
	}
	return true;
}
