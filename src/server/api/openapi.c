/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "server/api/endpoints.h"
#include "server/api/openapi.h"

/* True when If-None-Match has our tag. The header is "*" or a list of tags, each in quotes, maybe
 * with W/ before it. */
static bool has_it(const struct http_head *head)
{
	const char *known = http_head_field(head, "If-None-Match");

	return known && (strcmp(known, "*") == 0 || strstr(known, api_openapi_etag));
}

int api_openapi(struct call *call, struct ls_fail *fail)
{
	api_call_header(call, "ETag", api_openapi_etag);
	api_call_header(call, "Cache-Control", "no-cache");
	if (has_it(call->head)) {
		call->status = HTTP_STATUS_NOT_MODIFIED;
		return 0;
	}
	if (evbuffer_add_reference(api_call_out(call), api_openapi_text, api_openapi_len, NULL,
	                           NULL) != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	call->shared += api_openapi_len;
	return 0;
}
