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
	/* Thousands may leave before the loop frees the dead ones. */
	if (!conn->driven)
		httpd_connection_release(conn);
	return true;
}

bool httpd_evict_stranger(struct httpd *httpd)
{
	static const enum httpd_rank ranks[] = {HTTPD_RANK_STRANGER, HTTPD_RANK_UNFINISHED,
	                                        HTTPD_RANK_LARGE};
	struct httpd_connection *oldest = NULL;

	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		struct httpd_connection *first = httpd_rank_first(httpd, ranks[i]);

		if (!oldest || (first && first->ranked_ns < oldest->ranked_ns))
			oldest = first;
	}
	return end(oldest, &httpd->counts.evicted);
}

static bool evict_first(struct httpd *httpd, enum httpd_rank rank)
{
	return end(httpd_rank_first(httpd, rank), &httpd->counts.evicted);
}

bool httpd_evict_for_connection(struct httpd *httpd)
{
	/* Newcomers need time to show a credential. */
	if (httpd->stranger_count < httpd->limits.connections / HTTP_STRANGERS_KEEP &&
	    evict_first(httpd, HTTPD_RANK_IDLE))
		return true;
	return httpd_evict_stranger(httpd) || evict_first(httpd, HTTPD_RANK_IDLE) ||
	       evict_first(httpd, HTTPD_RANK_BUSY);
}

bool httpd_evict_for_memory(struct httpd_connection *conn)
{
	struct httpd *httpd = conn->listener->httpd;

	while (httpd_budget_exceeded(conn)) {
		struct httpd_connection *oldest = httpd_rank_first(httpd, HTTPD_RANK_LARGE);

		if (!oldest)
			oldest = httpd_rank_first(httpd, HTTPD_RANK_UNFINISHED);
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
