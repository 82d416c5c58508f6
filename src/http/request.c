/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include <errno.h>
#include <string.h>

static int check_fields(const struct http_request *request, struct ls_fail *fail)
{
	const char *const fields[] = {request->method, request->target, request->host,
	                              request->authorization, request->proxy_authorization};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i] && ls_str_has_control(fields[i]))
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                   "the request holds control characters in its path or "
			                   "credential");
	}
	return strchr(request->target, ' ')
	               ? ls_fail_set(fail, LS_ERROR_BAD_VALUE, "the path holds a blank")
	               : 0;
}

int http_write_request(struct ls_buf *buf, const struct http_request *request, struct ls_fail *fail)
{
	int r = check_fields(request, fail);

	if (r < 0)
		return r;
	ls_buf_printf(buf,
	              "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: lightscale-client/" LS_VERSION
	              "\r\n",
	              request->method, request->target, request->host);
	if (request->proxy_authorization)
		ls_buf_printf(buf, "Proxy-Authorization: %s\r\n", request->proxy_authorization);
	if (request->authorization)
		ls_buf_printf(buf, "Authorization: %s\r\n", request->authorization);
	if (request->body)
		ls_buf_printf(buf, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
		              strlen(request->body));
	else if (strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0)
		ls_buf_puts(buf, "Content-Length: 0\r\n"); /* RFC 9110 8.6; some proxies insist */
	ls_buf_puts(buf, "Accept: application/json\r\n\r\n");
	if (request->body)
		ls_buf_puts(buf, request->body);
	return buf->failed ? ls_fail_set(fail, -ENOMEM, "out of memory") : 0;
}
