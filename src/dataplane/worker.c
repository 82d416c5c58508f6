/* SPDX-License-Identifier: Apache-2.0 */
/* The control thread's side. Its commands reach the worker one at a time through `command` and an
 * eventfd; it waits until its command is done, so a command may live on its stack. */
#include "dataplane/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dataplane/netdev.h"
#include "dataplane/worker_state.h"

enum {
	STACK = 256 << 10,
	MTU_MIN = 576, /* every IPv4 host must take this (RFC 791) */
};

static int run_in_worker(struct worker *w, struct worker_command *command)
{
	if (sem_init(&command->done, 0, 0) < 0)
		return -errno;
	atomic_store(&w->command, command);
	dp_worker_signal(w->command_fd);
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
	dp_uapi_io_free(w->uapi);
	dp_udp_close(&w->udp);
	wg_device_free(w->device);
	dp_outbound_free(w->outbound);
	dp_inbound_free(w->inbound);
	dp_tun_close(&w->tun);
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
	w->link_fd = dp_netdev_watch_open();
	if (w->link_fd < 0)
		return ls_fail_set(fail, w->link_fd, "cannot watch network interfaces: %s",
		                   ls_strerror(w->link_fd));
	return 0;
}

static int make_engine(struct worker *w, struct ls_fail *fail)
{
	const struct wg_config port = {.flags = WG_CONFIG_LISTEN_PORT, .listen_port = w->udp.port};

	w->now_ns = ls_now_ns();
	w->device = wg_device_new(&dp_worker_engine_ops, w);
	w->outbound = dp_outbound_new();
	w->inbound = dp_inbound_new(&w->tun);
	if (!w->device || !w->outbound || !w->inbound ||
	    wg_device_configure(w->device, &port, w->now_ns) < 0)
		return ls_fail_set(fail, -ENOMEM, "cannot make interface %s: out of memory",
		                   w->tun.name);
	return 0;
}

static int watch_all(const struct worker *w, struct ls_fail *fail)
{
	int r = dp_worker_watch(w, w->tun.fd, WORKER_SOURCE_TUN);

	if (r == 0)
		r = dp_worker_watch_sockets(w, &w->udp);
	if (r == 0)
		r = dp_worker_watch(w, dp_uapi_io_fd(w->uapi), WORKER_SOURCE_UAPI);
	if (r == 0)
		r = dp_worker_watch(w, w->command_fd, WORKER_SOURCE_COMMAND);
	if (r == 0)
		r = dp_worker_watch(w, w->link_fd, WORKER_SOURCE_LINK);
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
	r = pthread_create(&w->thread, &attr, dp_worker_main, w);
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
		r = dp_tun_open(options->interface, options->mtu, !options->offloads.tun_off,
		                &w->tun, fail);
	if (r == 0)
		r = dp_udp_open(0, 0, &options->offloads, &w->udp, fail);
	if (r == 0)
		r = make_engine(w, fail);
	if (r == 0)
		r = dp_uapi_io_new(options->interface, &dp_worker_uapi_ops, w, &w->uapi, fail);
	if (r == 0)
		r = watch_all(w, fail);
	if (r == 0) {
		dp_worker_set_mtu(w, options->mtu);
		dp_worker_update_link(w);
	}
	return r == 0 ? start_thread(w, fail) : r;
}

int dp_worker_start(const struct dataplane_options *options, struct worker **ret,
                    struct ls_fail *fail)
{
	struct worker *w;
	int r;

	if (options->mtu < MTU_MIN || options->mtu > WORKER_MTU_MAX)
		return ls_fail_set(fail, -EINVAL, "MTU %u of interface %s is not within %d to %d",
		                   options->mtu, options->interface ? options->interface : "",
		                   MTU_MIN, WORKER_MTU_MAX);
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

void dp_worker_stop(struct worker *worker)
{
	struct worker_command stop = {.kind = WORKER_COMMAND_STOP};

	if (run_in_worker(worker, &stop) == 0)
		(void)pthread_join(worker->thread, NULL);
	worker_free(worker);
}

int dp_worker_configure(struct worker *worker, const struct wg_config *change, struct ls_fail *fail)
{
	struct worker_command command = {
	        .kind = WORKER_COMMAND_CONFIGURE, .change = change, .fail = fail};

	return run_in_worker(worker, &command);
}

int dp_worker_read(struct worker *worker, struct wg_config *ret, struct ls_fail *fail)
{
	struct worker_command command = {.kind = WORKER_COMMAND_READ, .ret = ret, .fail = fail};

	return run_in_worker(worker, &command);
}

int dp_worker_event_fd(const struct worker *worker)
{
	return worker->event_fd;
}
