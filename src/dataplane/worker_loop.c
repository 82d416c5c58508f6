/* SPDX-License-Identifier: Apache-2.0 */
/* One wake-up: `now` is read, every ready source is handled to completion, due timers run. */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "dataplane/netdev.h"
#include "dataplane/worker_state.h"
#include "wg/messages.h"

enum {
	EVENTS_MAX = 8,
};

static void engine_send(void *user, const struct ls_endpoint *dst, const uint8_t *data, size_t len)
{
	struct worker *w = user;

	dp_udp_send_one(&w->udp, dst, data, len, w->now_ns);
}

static void engine_random(void *user, void *buf, size_t len)
{
	(void)user;
	randombytes_buf(buf, len);
}

static void engine_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	struct timespec now = {0};

	(void)user;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*ret_s = (uint64_t)now.tv_sec;
	*ret_ns = (uint32_t)now.tv_nsec;
}

void dp_worker_signal(int event_fd)
{
	const uint64_t one = 1;

	/* Full means that it is readable already. */
	if (write(event_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		ls_error("worker.signal_failed", "error=\"%s\"", ls_strerror(-errno));
}

static void engine_peer_changed(void *user, const struct wg_public_key *peer)
{
	struct worker *w = user;

	(void)peer;
	dp_worker_signal(w->event_fd);
}

const struct wg_device_ops dp_worker_engine_ops = {
        .send = engine_send,
        .random = engine_random,
        .wall = engine_wall,
        .peer_changed = engine_peer_changed,
};

/* Whoever made the interface hears that it is no more, and can make it again. */
static int check_alive(const struct worker *w, struct ls_fail *fail)
{
	return w->gone ? ls_fail_set(fail, -ENODEV, "interface %s was deleted", w->tun.name) : 0;
}

static int dump_device(struct worker *w, struct wg_config *ret, struct ls_fail *fail)
{
	int r = wg_device_dump(w->device, ret);

	if (r < 0)
		return ls_fail_set(fail, r, "cannot read interface %s: %s", w->tun.name,
		                   ls_strerror(r));
	return 0;
}

static void run_command(struct worker *w)
{
	uint64_t count;
	struct worker_command *command;

	while (read(w->command_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	command = atomic_exchange(&w->command, NULL);
	if (!command)
		return;
	switch (command->kind) {
	case WORKER_COMMAND_CONFIGURE:
		command->result = check_alive(w, command->fail);
		if (command->result == 0)
			command->result = dp_worker_apply(w, command->change, command->fail);
		break;
	case WORKER_COMMAND_READ:
		command->result = check_alive(w, command->fail);
		if (command->result == 0)
			command->result = dump_device(w, command->ret, command->fail);
		break;
	case WORKER_COMMAND_STOP:
		w->stopping = true;
		break;
	}
	(void)sem_post(&command->done);
}

void dp_worker_set_mtu(struct worker *w, uint32_t mtu)
{
	if (mtu > WORKER_MTU_MAX)
		mtu = WORKER_MTU_MAX;
	if (mtu == w->mtu)
		return;
	w->mtu = mtu;
	wg_device_set_mtu(w->device, mtu);
	(void)dp_netdev_tune(w->tun.index, UDP_TRAIN_LEN_MAX / (mtu + WG_DATA_OVERHEAD));
}

static void set_gone(struct worker *w)
{
	if (w->gone)
		return;
	w->gone = true;
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, w->tun.fd, NULL);
	wg_device_forget_sessions(w->device);
	ls_error("interface.gone", "interface=%s", w->tun.name);
	dp_worker_signal(w->event_fd);
}

/* Follows `ip link set`: down ends all sessions, as with the kernel's WireGuard. */
void dp_worker_update_link(struct worker *w)
{
	bool up = true;
	uint32_t mtu = w->mtu;
	int r = dp_netdev_get(w->tun.name, &up, &mtu);

	if (!dp_tun_alive(&w->tun)) {
		set_gone(w);
		return;
	}
	/* Moved to another namespace, where we cannot look: taken for up. */
	if (r < 0)
		up = true;
	dp_worker_set_mtu(w, mtu);
	if (up == w->up)
		return;
	w->up = up;
	ls_info(up ? "interface.up" : "interface.down", "interface=%s", w->tun.name);
	if (!up)
		wg_device_forget_sessions(w->device);
}

static void run_outbound(struct worker *w)
{
	const struct outbound_context context = {.tun = &w->tun,
	                                         .udp = &w->udp,
	                                         .device = w->device,
	                                         .mtu = w->mtu,
	                                         .now_ns = w->now_ns};
	int r = dp_outbound_run(w->outbound, &context);

	if (r < 0)
		dp_worker_update_link(w);
}

static void run_inbound(struct worker *w, struct udp_socket *socket)
{
	const struct inbound_context context = {.tun = &w->tun,
	                                        .device = w->device,
	                                        .mtu = w->mtu,
	                                        .up = w->up && !w->gone,
	                                        .now_ns = w->now_ns};
	int r = dp_inbound_run(w->inbound, socket, &context);

	if (r < 0 && ls_ratelimit_pass(&w->receive_limit, w->now_ns))
		ls_warn("udp.receive_failed", "interface=%s error=\"%s\"", w->tun.name,
		        ls_strerror(r));
}

static void run_source(struct worker *w, enum worker_source source)
{
	switch (source) {
	case WORKER_SOURCE_TUN:
		run_outbound(w);
		break;
	case WORKER_SOURCE_UDP4:
		run_inbound(w, &w->udp.v4);
		break;
	case WORKER_SOURCE_UDP6:
		run_inbound(w, &w->udp.v6);
		break;
	case WORKER_SOURCE_UAPI:
		dp_uapi_io_run(w->uapi);
		break;
	case WORKER_SOURCE_COMMAND:
		run_command(w);
		break;
	case WORKER_SOURCE_LINK:
		dp_netdev_watch_drain(w->link_fd);
		dp_worker_update_link(w);
		break;
	}
}

/* Until the engine's next deadline, rounded up to what epoll can tell. */
static int timeout_ms(const struct worker *w)
{
	uint64_t deadline = w->up && !w->gone ? wg_device_next_deadline(w->device) : LS_NEVER;
	uint64_t now = deadline == LS_NEVER ? 0 : ls_now_ns();
	uint64_t ms;

	if (deadline == LS_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	ms = (deadline - now + LS_NS_PER_MS - 1) / LS_NS_PER_MS;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

void *dp_worker_main(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS_MAX];

	while (!w->stopping) {
		int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, timeout_ms(w));

		w->now_ns = ls_now_ns();
		for (int i = 0; i < n; i++)
			run_source(w, (enum worker_source)events[i].data.u64);
		if (w->up && !w->gone && wg_device_next_deadline(w->device) <= w->now_ns)
			wg_device_tick(w->device, w->now_ns);
	}
	return NULL;
}
