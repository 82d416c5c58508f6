/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/reply.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/server_report.h"
#include "json/json.h"

void api_reply(struct httpd_request *request, struct httpd_answer answer)
{
	struct http_field fields[REPLY_FIELDS_MAX];
	size_t n = 0;
	bool told = false;

	assert(answer.field_count < REPLY_FIELDS_MAX);
	for (; n < answer.field_count; n++) {
		fields[n] = answer.fields[n];
		told = told || strcmp(fields[n].name, "Cache-Control") == 0;
	}
	if (!told)
		fields[n++] = (struct http_field){.name = "Cache-Control", .value = "no-store"};
	answer.fields = fields;
	answer.field_count = n;
	httpd_request_answer(request, &answer);
}

void api_reply_error(struct httpd_request *request, struct httpd_answer answer, const char *text)
{
	json_t *json = proto_error_body_encode(text);
	char *encoded = json ? json_text(json, NULL) : NULL;

	json_decref(json);
	answer.type = "application/json";
	answer.body = evbuffer_new();
	if (answer.body && encoded)
		(void)evbuffer_add(answer.body, encoded, strlen(encoded));
	api_reply(request, answer);
	free(encoded);
	if (answer.body)
		evbuffer_free(answer.body);
}

void api_reply_fault(struct httpd_request *request, enum http_status status, const char *text)
{
	static const struct http_field later = {.name = "Retry-After", .value = REPLY_RETRY_AFTER};
	struct httpd_answer answer = {.status = status, .fields = &later};

	answer.field_count = status == HTTP_STATUS_UNAVAILABLE ? 1 : 0;
	api_reply_error(request, answer, text);
}
