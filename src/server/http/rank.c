/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/rank.h"

#include "base/clock.h"

static enum httpd_rank rank_of(const struct httpd_connection *conn)
{
	switch (conn->state) {
	case HTTPD_HANDSHAKE:
		return HTTPD_RANK_STRANGER;
	case HTTPD_IDLE:
	case HTTPD_LINGER:
		/* A proxy keeps connections for all its clients. */
		if (conn->proxied)
			return HTTPD_UNRANKED;
		return conn->known ? HTTPD_RANK_IDLE : HTTPD_RANK_STRANGER;
	case HTTPD_HEAD:
	case HTTPD_BODY:
	case HTTPD_SEND:
		if (conn->known)
			return HTTPD_RANK_BUSY;
		return conn->held > HTTP_LARGE ? HTTPD_RANK_LARGE : HTTPD_RANK_UNFINISHED;
	case HTTPD_WORK:
	case HTTPD_DEAD:
		return HTTPD_UNRANKED;
	}
	return HTTPD_UNRANKED;
}

void httpd_rank_set(struct httpd_connection *conn)
{
	enum httpd_rank rank = rank_of(conn);

	ls_list_remove(&conn->ranked);
	if (rank == HTTPD_UNRANKED)
		return;
	conn->ranked_ns = ls_now_ns();
	ls_list_append(&conn->listener->httpd->ranks[rank], &conn->ranked);
}

struct httpd_connection *httpd_rank_first(struct httpd *httpd, enum httpd_rank rank)
{
	const struct ls_list *list = &httpd->ranks[rank];

	return ls_list_empty(list) ? NULL
	                           : LS_CONTAINER(list->next, struct httpd_connection, ranked);
}
