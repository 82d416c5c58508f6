/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/listen.h"

#include <errno.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "server/http/overload.h"
#include "wire/ip.h"

/* Down, too: hosts give some processes a thousand million, and evict.h looks at each. */
void httpd_listen_set_limit(unsigned long connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < connections ? limit.rlim_max : connections;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		ls_warn("server.limits", "error=\"cannot set the number of open files: %s\"",
		        strerror(errno));
}

static void log_address(int fd, const char *scheme)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct ls_endpoint real;
	char text[LS_ENDPOINT_TEXT];

	if (getsockname(fd, (struct sockaddr *)&storage, &len) < 0 ||
	    ls_endpoint_from_sockaddr((struct sockaddr *)&storage, &real) < 0)
		return;
	ls_info("server.listening", "address=%s scheme=%s", ls_endpoint_format(&real, text),
	        scheme);
}

int httpd_listen_on(const struct listen_target *target, int fd, const char *scheme,
                    struct ls_fail *fail)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	/* Backlog 0: it listens already. */
	struct evconnlistener *listener =
	        evconnlistener_new(target->base, NULL, NULL, flags, 0, fd);

	if (!listener) {
		(void)close(fd);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	if (!evhttp_bind_listener(target->http, listener)) {
		evconnlistener_free(listener);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	httpd_overload_watch(listener, strcmp(scheme, "https") != 0, target->proxies);
	log_address(fd, scheme);
	return 0;
}
