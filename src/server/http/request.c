/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/request.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/keys.h"
#include "http/answer.h"
#include "server/http/budget.h"
#include "server/http/connection.h"
#include "server/http/send.h"

static struct httpd_connection *connection_of(struct httpd_request *request)
{
	return LS_CONTAINER(request, struct httpd_connection, request);
}

void httpd_request_set_user(struct httpd_request *request, void *user)
{
	request->user = user;
}

void *httpd_request_user(const struct httpd_request *request)
{
	return request->user;
}

const struct ls_ip *httpd_request_peer(const struct httpd_request *request)
{
	const struct httpd_connection *conn =
	        LS_CONTAINER(request, const struct httpd_connection, request);

	return &conn->peer;
}

bool httpd_request_is_tls(const struct httpd_request *request)
{
	const struct httpd_connection *conn =
	        LS_CONTAINER(request, const struct httpd_connection, request);

	return conn->listener->tls != NULL;
}

void httpd_request_vouch(struct httpd_request *request)
{
	httpd_connection_vouch(connection_of(request));
}

/* Ends the oldest request of the tenant whose client does not read its answer. */
static bool end_unread(struct httpd_tenant *tenant)
{
	LS_LIST_EACH (it, &tenant->requests) {
		struct httpd_request *request = LS_CONTAINER(it, struct httpd_request, in_tenant);
		struct httpd_connection *conn = connection_of(request);

		if (conn->state != HTTPD_SEND)
			continue;
		httpd_connection_kill(conn);
		return true;
	}
	return false;
}

bool httpd_request_join(struct httpd_request *request, struct httpd_tenant *tenant, unsigned max)
{
	assert(request->told && !request->tenant && max > 1);
	if (tenant->count >= max && !end_unread(tenant))
		return false;
	request->tenant = tenant;
	ls_list_append(&tenant->requests, &request->in_tenant);
	tenant->count++;
	return true;
}

void httpd_request_take_body(struct httpd_request *request, size_t max)
{
	struct httpd_connection *conn = connection_of(request);
	const struct httpd_limits *limits = &conn->listener->httpd->limits;
	bool chunked = request->has_body && request->length == 0;

	assert(request->told && conn->state == HTTPD_WORK && !request->body);
	request->body = ls_new(struct http_body);
	request->body_max = max;
	if (chunked)
		http_body_init_chunked(request->body, max, true);
	else
		http_body_init_sized(request->body, max, request->length);
	httpd_connection_set_state(conn, HTTPD_BODY);
	httpd_connection_set_deadline(conn, limits->body_ms);
}

/* True when bytes of the body are unread: they must not be taken for the next request. */
static bool has_unread_body(const struct httpd_request *request)
{
	return request->has_body && (!request->body || request->body->state != HTTP_BODY_DONE);
}

void httpd_request_answer(struct httpd_request *request, const struct httpd_answer *answer)
{
	struct httpd_connection *conn = connection_of(request);
	struct httpd *httpd = conn->listener->httpd;
	struct http_answer head = {.minor = request->minor,
	                           .status = answer->status,
	                           .now_s = ls_wall_s(),
	                           .type = answer->type,
	                           .length = answer->body ? evbuffer_get_length(answer->body) : 0,
	                           .keep_alive = request->keep_alive && !httpd->stopping &&
	                                         !has_unread_body(request),
	                           .fields = answer->fields,
	                           .field_count = answer->field_count};

	assert(request->told);
	request->told = false;
	if (conn->state == HTTPD_BODY)
		httpd_connection_set_state(conn, HTTPD_WORK);
	ls_buf_reset(&httpd->head);
	http_write_answer(&httpd->head, &head);
	if (httpd->head.failed)
		httpd_connection_kill(conn);
	else
		httpd_send(conn, &httpd->head, request->is_head ? NULL : answer->body,
		           request->is_head ? 0 : answer->shared, head.keep_alive);
	if (conn->driven || conn->state == HTTPD_DEAD)
		return;
	httpd_budget_count(conn);
	httpd_connection_wait(conn);
	if (conn->state == HTTPD_IDLE && (conn->in.len > 0 || conn->ended))
		httpd_stream_wake(&conn->stream);
}

/* --- detached connections --- */

void httpd_detached_free(struct httpd_detached *detached)
{
	struct httpd *httpd;

	if (!detached)
		return;
	httpd = detached->httpd;
	(void)pthread_mutex_lock(&httpd->lock);
	ls_list_remove(&detached->link);
	(void)pthread_mutex_unlock(&httpd->lock);
	httpd_stream_done(&detached->stream);
	httpd->detached_count--;
	if (detached->ahead.data)
		key_wipe(detached->ahead.data, detached->ahead.cap);
	ls_buf_done(&detached->ahead);
	free(detached);
}

struct httpd_detached *httpd_request_detach(struct httpd_request *request)
{
	struct httpd_connection *conn = connection_of(request);
	struct httpd *httpd = conn->listener->httpd;
	struct httpd_detached *detached = ls_new(struct httpd_detached);

	assert(request->told && conn->state == HTTPD_WORK && !request->has_body);
	request->told = false;
	httpd_stream_detach(&conn->stream);
	detached->httpd = httpd;
	detached->stream = conn->stream;
	conn->stream.ssl = NULL;
	conn->stream.fd = -1;
	if (request->behind)
		ls_buf_add(&detached->ahead, request->behind, request->behind_len);
	else if (conn->in.len > 0)
		ls_buf_add(&detached->ahead, conn->in.data, conn->in.len);
	httpd->detached_count++;
	(void)pthread_mutex_lock(&httpd->lock);
	ls_list_append(&httpd->detached, &detached->link);
	(void)pthread_mutex_unlock(&httpd->lock);
	httpd_connection_kill(conn);
	if (!detached->ahead.failed)
		return detached;
	httpd_detached_free(detached);
	return NULL;
}

struct httpd_stream *httpd_detached_stream(struct httpd_detached *detached)
{
	return &detached->stream;
}

const char *httpd_detached_ahead(const struct httpd_detached *detached, size_t *ret_len)
{
	*ret_len = detached->ahead.len;
	return detached->ahead.data;
}
