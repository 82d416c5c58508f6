/* SPDX-License-Identifier: Apache-2.0 */
#include "control/transport.h"

#include <errno.h>
#include <event2/bufferevent.h>

int transport_new(struct event_base *base, const struct control_url *url, struct bufferevent **ret,
                  struct ls_fail *fail)
{
	struct bufferevent *bev;

	if (url->tls)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "%s: https is not supported by this version; use an http:// URL",
		                   url->text);
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!bev)
		return ls_fail_set(fail, -ENOMEM, "%s: out of memory", url->text);
	*ret = bev;
	return 0;
}
