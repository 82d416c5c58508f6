/* SPDX-License-Identifier: Apache-2.0 */
#include "control/answer.h"

#include <stdio.h>
#include <string.h>

#include "proto/server_report.h"
#include "json/json.h"

static int status_code(int status)
{
	switch (status) {
	case 401:
	case 403:
		return LS_ERROR_AUTH;
	case 404:
		return LS_ERROR_NOT_FOUND;
	case 409:
		return LS_ERROR_CONFLICT;
	case 413:
		return LS_ERROR_LIMIT;
	default:
		return LS_ERROR_REMOTE;
	}
}

/* For answers without the protocol's JSON error, which come from proxies and captive portals. */
static const char *status_text(int status)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return "redirects elsewhere, which is not followed: give the control server's own "
		       "URL";
	case 401:
		return "unauthorized";
	case 403:
		return "forbidden";
	case 404:
		return "not found";
	case 407:
		return "the proxy (http_proxy) refuses the user name and password, or wants them";
	case 405:
		return "method not allowed";
	case 413:
		return "request too large";
	case 429:
		return "too many requests";
	case 500:
		return "internal server error";
	case 502:
		return "bad gateway";
	case 503:
		return "service unavailable";
	case 504:
		return "gateway timeout";
	default:
		return "not an answer of a control server";
	}
}

/* Only a control server can say that it does not know us: a proxy in front of it or a captive
 * portal also answers 404. Their text does not say when to try again, as a control server's does,
 * so the time comes from the header. */
static void read_foreign(struct control_answer *answer, unsigned retry_after_s, const char *what)
{
	char again[32] = "";

	if (retry_after_s > 0)
		(void)snprintf(again, sizeof(again), "; try again in %u s", retry_after_s);
	answer->foreign = true;
	answer->code = ls_fail_set(&answer->fail, LS_ERROR_REMOTE, "%s: %d %s%s", what,
	                           answer->status, status_text(answer->status), again);
}

static void read_error(struct control_answer *answer, const json_t *json, unsigned retry_after_s,
                       const char *what)
{
	const char *text = proto_error_body_text(json);

	if (!text) {
		read_foreign(answer, retry_after_s, what);
		return;
	}
	answer->foreign = false;
	answer->code = ls_fail_set(&answer->fail, status_code(answer->status), "%s: %d %s", what,
	                           answer->status, text);
}

void control_answer_read(struct control_answer *answer, const struct http_reader *reader,
                         enum proto_answer kind, const char *what)
{
	size_t len = reader->body.content.len;
	const char *text = ls_buf_text(&reader->body.content);
	bool good = reader->status >= 200 && reader->status <= 299;
	const struct proto_answer_limits *limits =
	        proto_answer_limits(good ? kind : PROTO_ANSWER_ERROR);
	json_error_t error = {0};
	json_t *json = NULL;
	int r = 0;

	answer->status = reader->status;
	if (len > limits->bytes)
		r = ls_fail_set(&answer->fail, LS_ERROR_LIMIT, "the answer is too large");
	else if (len > 0)
		r = json_check_memory(text, len, limits->memory, "the answer", &answer->fail);
	if (r == 0 && len > 0)
		json = json_loadb(text, len, 0, &error);
	if (!good) {
		read_error(answer, json, reader->retry_after_s, what);
		answer->fail.http_status = answer->status;
		json_decref(json);
		return;
	}
	if (r < 0) {
		answer->foreign = true;
		answer->code = ls_fail_prefix(&answer->fail, "%s", what);
		answer->fail.http_status = answer->status;
		return;
	}
	if (len > 0 && !json) {
		/* The text after "near" quotes the answer, which may contain a secret. */
		char *near = strstr(error.text, " near '");

		if (near)
			*near = '\0';
		answer->code = ls_fail_set(&answer->fail, LS_ERROR_SYNTAX,
		                           "%s: the answer is not JSON (line %d column %d: %s)",
		                           what, error.line, error.column, error.text);
		answer->fail.http_status = answer->status;
		return;
	}
	answer->body = json;
}

void control_answer_fail(struct control_answer *answer, const struct ls_fail *problem,
                         const char *what)
{
	answer->fail = *problem;
	answer->code = ls_fail_prefix(&answer->fail, "%s", what);
}
