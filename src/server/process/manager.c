/* SPDX-License-Identifier: Apache-2.0 */
#include "server/process/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	RELOADING_TEXT = 64,
};

static void free_names(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free((void *)names);
}

int process_manager_sockets(struct manager_socket ret[static MANAGER_SOCKETS_MAX],
                            size_t *ret_count, struct ls_fail *fail)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names), r = 0;

	*ret_count = 0;
	if (count < 0)
		return ls_fail_set(fail, count,
		                   "cannot use what the service manager passes (LISTEN_FDS): %s",
		                   strerror(-count));
	for (int i = 0; i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (i >= MANAGER_SOCKETS_MAX) {
			r = ls_fail_set(fail, LS_ERROR_LIMIT,
			                "the service manager passes more than %d sockets",
			                (int)MANAGER_SOCKETS_MAX);
			break;
		}
		ret[i].fd = fd;
		(void)snprintf(ret[i].name, sizeof(ret[i].name), "%s", names[i]);
		*ret_count = (size_t)i + 1;
		if (r == 0 && sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0)
			r = ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                "the service manager passes \"%.64s\", which is no "
			                "listening TCP socket: use ListenStream= with a port",
			                names[i]);
	}
	free_names(names);
	return r;
}

bool process_manager_is_abstract(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path == '@';
}

/* sd_notify(3) needs a descriptor for its socket, and connections may have taken all others. So one
 * is reserved here, from the first message on: without messages the manager would end the server.
 */
static void tell(const char *message)
{
	static int spare_fd = -1;

	if (!getenv("NOTIFY_SOCKET"))
		return;
	if (spare_fd >= 0)
		(void)close(spare_fd);
	(void)sd_notify(0, message);
	spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void process_manager_ready(void)
{
	tell("READY=1\nSTATUS=answering requests");
}

void process_manager_reloading(void)
{
	char message[RELOADING_TEXT];

	/* With Type=notify-reload, the time shows systemd that this message is a new one. */
	(void)snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	               ls_now_ns() / (LS_NS_PER_MS / 1000));
	tell(message);
}

void process_manager_stopping(void)
{
	tell("STOPPING=1\nSTATUS=finishing requests");
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	tell("WATCHDOG=1");
}

struct event *process_manager_watchdog(struct event_base *base)
{
	uint64_t interval_us = 0;
	struct timeval half;
	struct event *event;

	if (sd_watchdog_enabled(0, &interval_us) <= 0 || interval_us < 2)
		return NULL;
	half = (struct timeval){.tv_sec = (time_t)(interval_us / 2 / 1000000),
	                        .tv_usec = (suseconds_t)(interval_us / 2 % 1000000)};
	event = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	if (event && event_add(event, &half) != 0) {
		event_free(event);
		return NULL;
	}
	return event;
}
