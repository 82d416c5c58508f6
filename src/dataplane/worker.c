/* SPDX-License-Identifier: Apache-2.0 */
/* One wake-up: `now` is read, every ready source is handled to completion, due timers run. The
 * control thread's commands arrive one at a time through `command` and an eventfd; it waits until
 * its command is done, so a command may live on its stack. */
#include "dataplane/worker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dataplane/inbound.h"
#include "dataplane/link.h"
#include "dataplane/outbound.h"
#include "dataplane/tun.h"
#include "dataplane/uapi_io.h"
#include "dataplane/udp.h"
#include "wg/device.h"

enum {
	STACK = 256 << 10,
	EVENTS_MAX = 8,
	MTU_MIN = 576,   /* every IPv4 host must take this (RFC 791) */
	MTU_MAX = 65440, /* with overhead this fits a UDP datagram */
};

/* epoll's marks. */
enum source {
	SOURCE_TUN,
	SOURCE_UDP4,
	SOURCE_UDP6,
	SOURCE_UAPI,
	SOURCE_COMMAND,
	SOURCE_LINK,
};

enum command_kind {
	COMMAND_CONFIGURE,
	COMMAND_READ,
	COMMAND_STOP,
};

struct command {
	enum command_kind kind;
	const struct wg_config *change; /* configure */
	struct wg_config *ret;          /* read */
	struct ls_fail *fail;
	int result;
	sem_t done;
};

struct worker {
	/* Shared with the control thread: */
	pthread_t thread;
	_Atomic(struct command *) command;
	int command_fd;
	int event_fd;

	/* The worker's own once it runs: */
	struct dataplane_offloads offloads;
	int epoll_fd;
	int link_fd;
	struct tun tun;
	struct udp udp;
	struct wg_device *device;
	struct outbound *outbound;
	struct inbound *inbound;
	struct uapi_io *uapi;
	uint32_t fwmark;
	uint32_t mtu;
	uint64_t now_ns;
	struct ls_ratelimit receive_limit;
	bool up;
	bool gone; /* the interface was deleted under us */
	bool stopping;
};

/* --- the engine's ways out --- */

static void engine_send(void *user, const struct ls_endpoint *dst, const uint8_t *data, size_t len)
{
	struct worker *w = user;

	udp_send_one(&w->udp, dst, data, len, w->now_ns);
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

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	/* Full means that it is readable already. */
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		ls_error("worker.signal_failed", "error=\"%s\"", ls_strerror(-errno));
}

static void engine_peer_changed(void *user, const struct wg_public_key *peer)
{
	struct worker *w = user;

	(void)peer;
	signal_fd(w->event_fd);
}

static const struct wg_device_ops engine_ops = {
        .send = engine_send,
        .random = engine_random,
        .wall = engine_wall,
        .peer_changed = engine_peer_changed,
};

/* --- configuration --- */

static int watch(const struct worker *w, int fd, enum source source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = source};

	if (fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

static int watch_sockets(const struct worker *w, const struct udp *udp)
{
	int r = watch(w, udp->v4.fd, SOURCE_UDP4);

	return r < 0 ? r : watch(w, udp->v6.fd, SOURCE_UDP6);
}

/* New sockets when the change asks for another port; *ret_moved tells. The old ones stay until the
 * whole change is known to be good. */
static int open_other_port(const struct worker *w, const struct wg_config *change, uint32_t fwmark,
                           struct udp *ret, struct ls_fail *fail)
{
	int r;

	if (!(change->flags & WG_CONFIG_LISTEN_PORT) || change->listen_port == w->udp.port)
		return 0;
	r = udp_open(change->listen_port, fwmark, &w->offloads, ret, fail);
	if (r < 0)
		return r;
	r = watch_sockets(w, ret);
	if (r < 0) {
		udp_close(ret);
		return ls_fail_set(fail, r, "cannot watch UDP port %u: %s", ret->port,
		                   ls_strerror(r));
	}
	return 0;
}

static int configure(struct worker *w, const struct wg_config *change, struct ls_fail *fail)
{
	uint32_t fwmark = change->flags & WG_CONFIG_FWMARK ? change->fwmark : w->fwmark;
	struct udp moved = {.v4.fd = -1, .v6.fd = -1};
	struct wg_config real = *change; /* borrows the peers */
	bool remarked = false;
	int r = open_other_port(w, change, fwmark, &moved, fail);

	if (r < 0)
		goto out;
	if (moved.port == 0 && fwmark != w->fwmark) {
		r = udp_set_mark(&w->udp, fwmark, fail);
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
		if (remarked && udp_set_mark(&w->udp, w->fwmark, NULL) < 0)
			ls_error("udp.mark_stuck", "interface=%s", w->tun.name);
		udp_close(&moved);
		goto out;
	}
	w->fwmark = fwmark;
	if (moved.port != 0) {
		udp_close(&w->udp);
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
	int r = configure(user, change, &fail);

	if (r < 0)
		ls_warn("uapi.set_failed", "error=\"%s\"", fail.text);
	return r;
}

static const struct uapi_ops uapi_device = {.get = uapi_get, .set = uapi_set};

/* --- the thread --- */

static void run_command(struct worker *w)
{
	uint64_t count;
	struct command *command;

	while (read(w->command_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	command = atomic_exchange(&w->command, NULL);
	if (!command)
		return;
	switch (command->kind) {
	case COMMAND_CONFIGURE:
		command->result = configure(w, command->change, command->fail);
		break;
	case COMMAND_READ:
		command->result = wg_device_dump(w->device, command->ret);
		if (command->result < 0)
			(void)ls_fail_set(command->fail, command->result,
			                  "cannot read interface %s: %s", w->tun.name,
			                  ls_strerror(command->result));
		break;
	case COMMAND_STOP:
		w->stopping = true;
		break;
	}
	(void)sem_post(&command->done);
}

static void set_mtu(struct worker *w, uint32_t mtu)
{
	if (mtu > MTU_MAX)
		mtu = MTU_MAX;
	if (mtu == w->mtu)
		return;
	w->mtu = mtu;
	wg_device_set_mtu(w->device, mtu);
	(void)link_tune(w->tun.index, UDP_TRAIN_LEN_MAX / (mtu + WG_DATA_OVERHEAD));
}

static void set_gone(struct worker *w)
{
	if (w->gone)
		return;
	w->gone = true;
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, w->tun.fd, NULL);
	wg_device_forget_sessions(w->device);
	ls_error("interface.gone", "interface=%s", w->tun.name);
}

/* Follows `ip link set`: down ends all sessions, as with the kernel's WireGuard. */
static void update_link(struct worker *w)
{
	bool up = true;
	uint32_t mtu = w->mtu;
	int r = link_get(w->tun.name, &up, &mtu);

	if (!tun_alive(&w->tun)) {
		set_gone(w);
		return;
	}
	/* Moved to another namespace, where we cannot look: taken for up. */
	if (r < 0)
		up = true;
	set_mtu(w, mtu);
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
	int r = outbound_run(w->outbound, &context);

	if (r < 0)
		update_link(w);
}

static void run_inbound(struct worker *w, struct udp_socket *socket)
{
	const struct inbound_context context = {.tun = &w->tun,
	                                        .device = w->device,
	                                        .mtu = w->mtu,
	                                        .up = w->up && !w->gone,
	                                        .now_ns = w->now_ns};
	int r = inbound_run(w->inbound, socket, &context);

	if (r < 0 && ls_ratelimit_pass(&w->receive_limit, w->now_ns))
		ls_warn("udp.receive_failed", "interface=%s error=\"%s\"", w->tun.name,
		        ls_strerror(r));
}

static void run_source(struct worker *w, enum source source)
{
	switch (source) {
	case SOURCE_TUN:
		run_outbound(w);
		break;
	case SOURCE_UDP4:
		run_inbound(w, &w->udp.v4);
		break;
	case SOURCE_UDP6:
		run_inbound(w, &w->udp.v6);
		break;
	case SOURCE_UAPI:
		uapi_io_run(w->uapi);
		break;
	case SOURCE_COMMAND:
		run_command(w);
		break;
	case SOURCE_LINK:
		link_watch_drain(w->link_fd);
		update_link(w);
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

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS_MAX];

	while (!w->stopping) {
		int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, timeout_ms(w));

		w->now_ns = ls_now_ns();
		for (int i = 0; i < n; i++)
			run_source(w, (enum source)events[i].data.u64);
		if (w->up && !w->gone && wg_device_next_deadline(w->device) <= w->now_ns)
			wg_device_tick(w->device, w->now_ns);
	}
	return NULL;
}

/* --- the control thread's side --- */

static int run_in_worker(struct worker *w, struct command *command)
{
	if (sem_init(&command->done, 0, 0) < 0)
		return -errno;
	atomic_store(&w->command, command);
	signal_fd(w->command_fd);
	while (sem_wait(&command->done) < 0 && errno == EINTR)
		;
	(void)sem_destroy(&command->done);
	return command->result;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* Frees what a worker without its thread holds, half-built ones too. */
static void worker_free(struct worker *w)
{
	uapi_io_free(w->uapi);
	udp_close(&w->udp);
	wg_device_free(w->device);
	outbound_free(w->outbound);
	inbound_free(w->inbound);
	tun_close(&w->tun);
	close_fd(w->link_fd);
	close_fd(w->epoll_fd);
	close_fd(w->command_fd);
	close_fd(w->event_fd);
	free(w);
}

static int open_fds(struct worker *w, struct ls_fail *fail)
{
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->command_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->command_fd < 0 || w->event_fd < 0)
		return ls_fail_set(fail, -errno, "cannot make event descriptors: %s",
		                   ls_strerror(-errno));
	w->link_fd = link_watch_open();
	if (w->link_fd < 0)
		return ls_fail_set(fail, w->link_fd, "cannot watch network interfaces: %s",
		                   ls_strerror(w->link_fd));
	return 0;
}

static int make_engine(struct worker *w, struct ls_fail *fail)
{
	const struct wg_config port = {.flags = WG_CONFIG_LISTEN_PORT, .listen_port = w->udp.port};

	w->now_ns = ls_now_ns();
	w->device = wg_device_new(&engine_ops, w);
	w->outbound = outbound_new();
	w->inbound = inbound_new(&w->tun);
	if (!w->device || !w->outbound || !w->inbound ||
	    wg_device_configure(w->device, &port, w->now_ns) < 0)
		return ls_fail_set(fail, -ENOMEM, "cannot make interface %s: out of memory",
		                   w->tun.name);
	return 0;
}

static int watch_all(const struct worker *w, struct ls_fail *fail)
{
	int r = watch(w, w->tun.fd, SOURCE_TUN);

	if (r == 0)
		r = watch_sockets(w, &w->udp);
	if (r == 0)
		r = watch(w, uapi_io_fd(w->uapi), SOURCE_UAPI);
	if (r == 0)
		r = watch(w, w->command_fd, SOURCE_COMMAND);
	if (r == 0)
		r = watch(w, w->link_fd, SOURCE_LINK);
	return r < 0 ? ls_fail_set(fail, r, "cannot watch interface %s: %s", w->tun.name,
	                           ls_strerror(r))
	             : 0;
}

/* All signals stay with the control thread. */
static int start_thread(struct worker *w, struct ls_fail *fail)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int r;

	(void)sigfillset(&all);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, &attr, worker_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (r != 0)
		return ls_fail_set(fail, -r, "cannot start a thread for interface %s: %s",
		                   w->tun.name, ls_strerror(-r));
	(void)pthread_setname_np(w->thread, w->tun.name);
	return 0;
}

static int build(struct worker *w, const struct dataplane_options *options, struct ls_fail *fail)
{
	int r = open_fds(w, fail);

	if (r == 0)
		r = tun_open(options->interface, options->mtu, !options->offloads.tun_off, &w->tun,
		             fail);
	if (r == 0)
		r = udp_open(0, 0, &options->offloads, &w->udp, fail);
	if (r == 0)
		r = make_engine(w, fail);
	if (r == 0)
		r = uapi_io_new(options->interface, &uapi_device, w, &w->uapi, fail);
	if (r == 0)
		r = watch_all(w, fail);
	if (r == 0) {
		set_mtu(w, options->mtu);
		update_link(w);
	}
	return r == 0 ? start_thread(w, fail) : r;
}

int worker_start(const struct dataplane_options *options, struct worker **ret, struct ls_fail *fail)
{
	struct worker *w;
	int r;

	if (options->mtu < MTU_MIN || options->mtu > MTU_MAX)
		return ls_fail_set(fail, -EINVAL, "MTU %u of interface %s is not within %d to %d",
		                   options->mtu, options->interface ? options->interface : "",
		                   MTU_MIN, MTU_MAX);
	w = ls_new(struct worker);
	w->offloads = options->offloads;
	w->receive_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(3, 10 * LS_NS_PER_S);
	w->epoll_fd = w->command_fd = w->event_fd = w->link_fd = w->tun.fd = -1;
	w->udp.v4.fd = w->udp.v6.fd = -1;
	r = build(w, options, fail);
	if (r < 0) {
		worker_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void worker_stop(struct worker *worker)
{
	struct command stop = {.kind = COMMAND_STOP};

	if (run_in_worker(worker, &stop) == 0)
		(void)pthread_join(worker->thread, NULL);
	worker_free(worker);
}

int worker_configure(struct worker *worker, const struct wg_config *change, struct ls_fail *fail)
{
	struct command command = {.kind = COMMAND_CONFIGURE, .change = change, .fail = fail};

	return run_in_worker(worker, &command);
}

int worker_read(struct worker *worker, struct wg_config *ret, struct ls_fail *fail)
{
	struct command command = {.kind = COMMAND_READ, .ret = ret, .fail = fail};

	return run_in_worker(worker, &command);
}

int worker_event_fd(const struct worker *worker)
{
	return worker->event_fd;
}
