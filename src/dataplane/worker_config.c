/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the interface, from the control thread and from wg(8) alike. */
#include <errno.h>
#include <sys/epoll.h>

#include "dataplane/worker_state.h"

int dp_worker_watch(const struct worker *w, int fd, enum worker_source source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = source};

	if (fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

int dp_worker_watch_sockets(const struct worker *w, const struct udp *udp)
{
	int r = dp_worker_watch(w, udp->v4.fd, WORKER_SOURCE_UDP4);

	return r < 0 ? r : dp_worker_watch(w, udp->v6.fd, WORKER_SOURCE_UDP6);
}

/* New sockets when the change asks for another port; *ret_moved tells. The old ones stay until the
 * whole change is known to be good. */
static int open_other_port(const struct worker *w, const struct wg_config *change, uint32_t fwmark,
                           struct udp *ret, struct ls_fail *fail)
{
	int r;

	if (!(change->flags & WG_CONFIG_LISTEN_PORT) || change->listen_port == w->udp.port)
		return 0;
	r = dp_udp_open(change->listen_port, fwmark, &w->offloads, ret, fail);
	if (r < 0)
		return r;
	r = dp_worker_watch_sockets(w, ret);
	if (r < 0) {
		dp_udp_close(ret);
		return ls_fail_set(fail, r, "cannot watch UDP port %u: %s", ret->port,
		                   ls_strerror(r));
	}
	return 0;
}

int dp_worker_apply(struct worker *w, const struct wg_config *change, struct ls_fail *fail)
{
	uint32_t fwmark = change->flags & WG_CONFIG_FWMARK ? change->fwmark : w->fwmark;
	struct udp moved = {.v4.fd = -1, .v6.fd = -1};
	struct wg_config real = *change; /* borrows the peers */
	bool remarked = false;
	int r = open_other_port(w, change, fwmark, &moved, fail);

	if (r < 0)
		goto out;
	if (moved.port == 0 && fwmark != w->fwmark) {
		r = dp_udp_set_mark(&w->udp, fwmark, fail);
		if (r < 0)
			goto out;
		remarked = true;
	}
	if (change->flags & WG_CONFIG_LISTEN_PORT)
		real.listen_port = moved.port != 0 ? moved.port : w->udp.port;
	r = wg_device_configure(w->device, &real, w->now_ns);
	if (r < 0) {
		(void)ls_fail_set(fail, r, "cannot configure interface %s: %s", w->tun.name,
		                  ls_strerror(r));
		if (remarked && dp_udp_set_mark(&w->udp, w->fwmark, NULL) < 0)
			ls_error("udp.mark_stuck", "interface=%s", w->tun.name);
		dp_udp_close(&moved);
		goto out;
	}
	w->fwmark = fwmark;
	if (moved.port != 0) {
		dp_udp_close(&w->udp);
		w->udp = moved;
	}
out:
	key_wipe(&real, sizeof(real));
	return r;
}

static int uapi_get(void *user, struct wg_config *ret)
{
	const struct worker *w = user;

	return wg_device_dump(w->device, ret);
}

static int uapi_set(void *user, const struct wg_config *change)
{
	struct ls_fail fail;
	int r = dp_worker_apply(user, change, &fail);

	if (r < 0)
		ls_warn("uapi.set_failed", "error=\"%s\"", fail.text);
	return r;
}

const struct uapi_ops dp_worker_uapi_ops = {.get = uapi_get, .set = uapi_set};
