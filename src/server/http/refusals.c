/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/refusals.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "server/http/bounds.h"

enum {
	PAGE_MAX = 1024, /* no page of evhttp's is longer, with its headers */
};

static const char *text_of(int status)
{
	switch (status) {
	case 400:
		return "bad request: not HTTP/1.1, or its header is larger than 16 KiB";
	case 413:
		return "request too large: the body may have 256 KiB, that of a policy 4 MiB";
	case 417:
		return "only Expect: 100-continue is known";
	case 501:
		return "unknown method";
	default:
		return "bad request";
	}
}

/* What evhttp may have said before, on its own account. */
static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* The status of a page that evhttp made; 0 when the output holds anything else. Our own answers
 * never have HTML in them. *ret_interim: the page comes behind an interim answer. */
static int page_status(struct evbuffer *output, bool *ret_interim)
{
	char page[PAGE_MAX + 1];
	ev_ssize_t n = evbuffer_copyout(output, page, PAGE_MAX);
	const char *start = page, *head_end;
	int status = 0;

	if (n <= 0 || (size_t)n != evbuffer_get_length(output))
		return 0;
	page[n] = '\0';
	*ret_interim = strncmp(page, interim, strlen(interim)) == 0;
	if (*ret_interim)
		start += strlen(interim);
	head_end = strstr(start, "\r\n\r\n");
	if (!head_end || strncmp(head_end + 4, "<HTML><HEAD>", 12) != 0 ||
	    !strstr(head_end, "</HTML>"))
		return 0;
	if (strncmp(start, "HTTP/1.", 7) != 0 || start[8] != ' ')
		return 0;
	for (const char *p = start + 9; *p >= '0' && *p <= '9' && status < 1000; p++)
		status = status * 10 + (*p - '0');
	return status >= 400 && status < 600 ? status : 400;
}

static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
	const bool *frozen = arg;
	bool after_interim = false;
	char body[256];
	int status, len;

	if (info->n_added == 0 || evbuffer_get_length(output) > PAGE_MAX)
		return;
	/* Once something was written, the front of a plain socket's output is frozen against
	 * everybody but its writer: against being read, too. */
	if (*frozen)
		(void)evbuffer_unfreeze(output, 1);
	status = page_status(output, &after_interim);
	if (status != 0)
		(void)evbuffer_drain(output, evbuffer_get_length(output));
	if (*frozen)
		(void)evbuffer_freeze(output, 1);
	if (status == 0)
		return;
	len = snprintf(body, sizeof(body), "{\"error\":\"%s\"}", text_of(status));
	(void)evbuffer_add_printf(output,
	                          "%sHTTP/1.1 %d Refused\r\nContent-Type: application/json\r\n"
	                          "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
	                          after_interim ? interim : "", status, len, body);
}

struct bufferevent *httpd_refusals_watch(struct bufferevent *connection)
{
	static const bool kinds[] = {false, true};
	const bool *frozen;

	if (!connection)
		return NULL;
	frozen = &kinds[bufferevent_openssl_get_ssl(connection) == NULL];
	if (!evbuffer_add_cb(bufferevent_get_output(connection), on_output,
	                     (void *)(uintptr_t)frozen)) {
		bufferevent_free(connection);
		return NULL;
	}
	return connection;
}
