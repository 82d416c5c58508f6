/* SPDX-License-Identifier: Apache-2.0 */
#include "control/pin.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "control/dial.h"

struct fetch {
	struct event_base *base;
	const struct control_url *url;
	int code;
	struct ls_fail fail;
	struct control_pin pin;
};

static void on_dialled(void *arg, const struct dial_result *result)
{
	struct fetch *fetch = arg;

	if (result->stream) {
		fetch->code = 0;
		fetch->pin.certificate = result->verdict->certificate;
		(void)control_tls_explain_chain(fetch->url, result->verdict, &fetch->pin.verdict);
		control_dial_close(result->stream);
	} else {
		fetch->fail = *result->fail;
		fetch->code = ls_fail_prefix(&fetch->fail, "%s", fetch->url->text);
	}
	(void)event_base_loopbreak(fetch->base);
}

static void run(struct fetch *fetch, const struct proxy *proxy)
{
	struct dialer *dialer = control_dialer_new(fetch->base, NULL, NULL);

	(void)control_dial_start(dialer, fetch->url, proxy, on_dialled, fetch);
	(void)event_base_dispatch(fetch->base);
	control_dialer_free(dialer);
	control_dial_drain(fetch->base);
}

int control_pin_fetch(const struct control_url *url, struct control_pin *ret, struct ls_fail *fail)
{
	struct fetch fetch = {.url = url, .code = LS_ERROR_UNREACHABLE};
	struct proxy *proxy;
	int r;

	if (!url->tls)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "%s: there is no certificate to pin without https://",
		                   url->text);
	r = control_proxy_find(url, getenv, &proxy, fail);
	if (r < 0)
		return r;
	fetch.base = event_base_new();
	if (!fetch.base) {
		control_proxy_free(proxy);
		return ls_fail_set(fail, -ENOMEM, "%s: out of memory", url->text);
	}
	run(&fetch, proxy);
	event_base_free(fetch.base);
	control_proxy_free(proxy);
	if (fetch.code < 0) {
		if (fail)
			*fail = fetch.fail;
		return fetch.code;
	}
	*ret = fetch.pin;
	return 0;
}
