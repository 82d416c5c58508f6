/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_io.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "crypto/keys.h"

static void wipe(struct ls_buf *text)
{
	if (text->data)
		key_wipe(text->data, text->cap);
	ls_buf_done(text);
}

static void on_sent(const void *data, size_t len, void *arg)
{
	struct ls_buf text = {.data = arg, .cap = len};

	(void)data;
	wipe(&text);
}

int control_http_send(struct bufferevent *bev, const struct http_request *request,
                      struct ls_fail *fail)
{
	struct ls_buf text = {0};
	int r = http_write_request(&text, request, fail);

	if (r == 0 && evbuffer_add_reference(bufferevent_get_output(bev), text.data, text.len,
	                                     on_sent, text.data) < 0)
		r = ls_fail_set(fail, -ENOMEM, "out of memory");
	if (r < 0)
		wipe(&text);
	return r;
}

bool control_http_receive(struct bufferevent *bev, struct http_reader *reader)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len;

	while ((len = evbuffer_get_contiguous_space(in)) > 0) {
		const unsigned char *data = evbuffer_pullup(in, (ev_ssize_t)len);
		size_t used = data ? http_reader_feed(reader, data, len) : 0;

		(void)evbuffer_drain(in, used);
		if (used < len)
			return false;
	}
	return true;
}
