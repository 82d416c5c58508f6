/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "server/api/endpoints.h"
#include "server/api/openapi.h"

/* If-None-Match: a list of tags, each in quotes, with W/ before it or not; or "*". */
static bool has_it(struct evkeyvalq *headers)
{
	const char *known = evhttp_find_header(headers, "If-None-Match");

	return known && (strcmp(known, "*") == 0 || strstr(known, api_openapi_etag));
}

int api_openapi(struct call *call, struct ls_fail *fail)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);

	(void)evhttp_add_header(headers, "ETag", api_openapi_etag);
	(void)evhttp_add_header(headers, "Cache-Control", "no-cache");
	if (has_it(evhttp_request_get_input_headers(call->request))) {
		call->status = HTTP_NOTMODIFIED;
		return 0;
	}
	if (evbuffer_add_reference(api_call_out(call), api_openapi_text, api_openapi_len, NULL,
	                           NULL) != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return 0;
}
