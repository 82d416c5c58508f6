/* SPDX-License-Identifier: Apache-2.0 */
/* A wake-up reads `now`, handles every ready source completely, and runs the timers that are
 * due. */
#include "dataplane/interface.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamps.h"
#include "dataplane/inbound.h"
#include "dataplane/netdev.h"
#include "dataplane/outbound.h"
#include "dataplane/tun.h"
#include "dataplane/uapi_io.h"
#include "dataplane/udp.h"
#include "dataplane/underlay.h"
#include "wg/device.h"
#include "wg/messages.h"

enum {
	EVENTS_MAX = 8,
	MTU_MIN = 576,   /* every IPv4 host must accept this */
	MTU_MAX = 65440, /* with the overhead it still fits */
};

/* A host whose routes change all the time, such as a router, has the engine ask for its paths anew
 * at most this often, after a few times at once. */
#define ROUTES_INTERVAL_NS (100 * LS_NS_PER_MS)

/* What epoll reports. */
enum source {
	SOURCE_TUN,
	SOURCE_UDP4,
	SOURCE_UDP6,
	SOURCE_UAPI,
	SOURCE_LINK,
	SOURCE_UNDERLAY,
	SOURCE_WAKE,
};

struct dp_interface {
	struct dataplane_offloads offloads;
	struct ls_stamps *stamps; /* NULL: the wall clock */
	int epoll_fd;
	int event_fd;
	struct tun tun;
	struct netdev netdev;
	struct underlay underlay;
	struct udp udp;
	struct wg_device *device;
	struct outbound *outbound;
	struct inbound *inbound;
	struct uapi_io *uapi; /* NULL: this process may not serve it */
	uint32_t fwmark;
	uint32_t mtu;
	uint32_t packet_mtu; /* of struct netdev_state */
	uint64_t now_ns;
	struct ls_ratelimit routes_limit;
	uint64_t routes_retry_ns; /* the engine is to hear then that routes changed; LS_NEVER: no */
	struct ls_ratelimit receive_limit;
	struct ls_ratelimit loop_limit;
	bool up;
	bool lost; /* the state of the interface is not known */
	bool gone; /* somebody deleted the interface */
};

static void signal_event(const struct dp_interface *in)
{
	int r = eventfd_write(in->event_fd, 1);

	/* When the counter is full, the eventfd is readable already. */
	assert(r == 0 || errno == EAGAIN);
	(void)r;
}

static int watch(const struct dp_interface *in, int fd, enum source source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = source};

	if (fd >= 0 && epoll_ctl(in->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

/* --- the engine's ops --- */

static void engine_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	struct dp_interface *in = user;

	dp_udp_send_one(&in->udp, path, data, len, in->now_ns);
}

static enum wg_route engine_route(void *user, const struct wg_path *path)
{
	struct dp_interface *in = user;
	const struct underlay_query query = {.mark = in->fwmark,
	                                     .port = in->udp.port,
	                                     .tunnel = dp_netdev_home_index(&in->netdev)};
	enum wg_route route = dp_underlay_route(&in->underlay, path, &query);
	char text[LS_ENDPOINT_TEXT];

	if (route == WG_ROUTE_INTO_TUNNEL && ls_ratelimit_pass(&in->loop_limit, in->now_ns))
		ls_warn("udp.route_loop", "interface=%s endpoint=%s", in->tun.name,
		        ls_endpoint_format(&path->remote, text));
	return route;
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

static void engine_stamp(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	const struct dp_interface *in = user;
	uint64_t ns;

	if (!in->stamps) {
		engine_wall(user, ret_s, ret_ns);
		return;
	}
	ns = ls_stamps_now_ns(in->stamps);
	*ret_s = ns / LS_NS_PER_S;
	*ret_ns = (uint32_t)(ns % LS_NS_PER_S);
}

static void engine_peer_changed(void *user, const struct wg_public_key *peer)
{
	(void)peer;
	signal_event(user);
}

static const struct wg_device_ops engine_ops = {
        .send = engine_send,
        .route = engine_route,
        .random = engine_random,
        .wall = engine_wall,
        .stamp = engine_stamp,
        .peer_changed = engine_peer_changed,
};

/* --- the link --- */

/* Adapts padding and the size of super-packets to the MTU of the tunnel and of its routes. */
static void set_mtu(struct dp_interface *in, const struct netdev_state *state, bool moved)
{
	uint32_t mtu = state->mtu < MTU_MAX ? state->mtu : MTU_MAX;
	bool changed = mtu != in->mtu;

	in->mtu = mtu;
	in->packet_mtu = state->packet_mtu < mtu ? state->packet_mtu : mtu;
	wg_device_set_mtu(in->device, in->packet_mtu);
	if (changed || moved)
		(void)dp_netdev_tune(&in->netdev, UDP_TRAIN_LEN_MAX / (mtu + WG_DATA_OVERHEAD));
}

/* The interface was moved to another network namespace. The sockets stay where they are. */
static void follow_move(struct dp_interface *in)
{
	int r = watch(in, in->netdev.watch_fd, SOURCE_LINK);

	ls_info("interface.moved", "interface=%s", in->tun.name);
	if (r < 0)
		ls_error("interface.unwatched", "interface=%s error=\"%s\"", in->tun.name,
		         ls_strerror(r));
	/* Whether a route leads into the tunnel is another question now. */
	wg_device_routes_changed(in->device);
}

/* Follows `ip link set`. As with the kernel's WireGuard, "down" ends all sessions. */
static void follow_link(struct dp_interface *in)
{
	/* In a namespace that we may not enter, assume that it is up. */
	struct netdev_state state = {.up = true, .mtu = in->mtu, .packet_mtu = in->packet_mtu};
	bool up, moved;
	int r;

	if (in->gone)
		return;
	r = dp_netdev_read(&in->netdev, &state, &moved);
	if (moved)
		follow_move(in);
	if (r == -ENODEV) {
		in->gone = true;
		(void)epoll_ctl(in->epoll_fd, EPOLL_CTL_DEL, in->tun.fd, NULL);
		wg_device_forget_sessions(in->device);
		ls_error("interface.gone", "interface=%s", in->tun.name);
		signal_event(in);
		return;
	}
	if (r < 0 && !in->lost)
		ls_warn("interface.lost_sight", "interface=%s error=\"%s\"", in->tun.name,
		        ls_strerror(r));
	in->lost = r < 0;
	set_mtu(in, &state, moved);
	up = state.up;
	if (up == in->up)
		return;
	in->up = up;
	ls_info(up ? "interface.up" : "interface.down", "interface=%s", in->tun.name);
	if (!up)
		wg_device_forget_sessions(in->device);
}

/* --- configuration, from the control thread and from wg(8) --- */

static int watch_sockets(const struct dp_interface *in, const struct udp *udp)
{
	int r = watch(in, udp->v4.fd, SOURCE_UDP4);

	return r < 0 ? r : watch(in, udp->v6.fd, SOURCE_UDP6);
}

static void wipe_copy(struct wg_config *copy)
{
	key_wipe(copy, sizeof(*copy));
}

/* Applies the whole change or nothing of it: sockets, mark and engine. */
static int apply(struct dp_interface *in, const struct wg_config *change, struct ls_fail *fail)
{
	struct udp moved LS_CLEANUP(dp_udp_close) = {.v4.fd = -1, .v6.fd = -1};
	struct wg_config real LS_CLEANUP(wipe_copy) = *change; /* shares the peers with `change` */
	uint32_t fwmark = change->flags & WG_CONFIG_FWMARK ? change->fwmark : in->fwmark;
	bool moves = (change->flags & WG_CONFIG_LISTEN_PORT) && change->listen_port != in->udp.port;
	bool remarks = !moves && fwmark != in->fwmark;
	int r;

	if (moves) {
		/* Keep the old sockets until the whole change has succeeded. */
		r = dp_udp_open(change->listen_port, fwmark, &in->offloads, &moved, fail);
		if (r < 0)
			return r;
		r = watch_sockets(in, &moved);
		if (r < 0)
			return ls_fail_set(fail, r, "cannot watch UDP port %u: %s", moved.port,
			                   ls_strerror(r));
		real.listen_port = moved.port;
	}
	if (remarks) {
		r = dp_udp_set_mark(&in->udp, fwmark, fail);
		if (r < 0)
			return r;
	}
	r = wg_device_configure(in->device, &real, in->now_ns);
	if (r < 0) {
		if (remarks && dp_udp_set_mark(&in->udp, in->fwmark, NULL) < 0)
			ls_error("udp.mark_stuck", "interface=%s", in->tun.name);
		return ls_fail_set(fail, r, "cannot configure interface %s: %s", in->tun.name,
		                   ls_strerror(r));
	}
	in->fwmark = fwmark;
	if (remarks)
		wg_device_routes_changed(in->device);
	if (moves) {
		struct udp old = in->udp;

		in->udp = moved;
		moved = old; /* the cleanup closes the old sockets */
	}
	return 0;
}

/* Tells the caller that the interface was deleted, so that it can make a new one. */
static int check_alive(const struct dp_interface *in, struct ls_fail *fail)
{
	return in->gone ? ls_fail_set(fail, -ENODEV, "interface %s was deleted", in->tun.name) : 0;
}

int dp_interface_configure(struct dp_interface *in, const struct wg_config *change,
                           struct ls_fail *fail)
{
	int r = check_alive(in, fail);

	return r < 0 ? r : apply(in, change, fail);
}

int dp_interface_read(struct dp_interface *in, struct wg_config *ret, struct ls_fail *fail)
{
	int r = check_alive(in, fail);

	if (r < 0)
		return r;
	r = wg_device_dump(in->device, ret);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot read interface %s: %s", in->tun.name,
		                   ls_strerror(r));
	return 0;
}

static int uapi_get(void *user, struct wg_config *ret)
{
	const struct dp_interface *in = user;

	return wg_device_dump(in->device, ret);
}

static int uapi_set(void *user, const struct wg_config *change)
{
	struct ls_fail fail;
	int r = apply(user, change, &fail);

	if (r < 0)
		ls_warn("uapi.set_failed", "error=\"%s\"", fail.text);
	return r;
}

static const struct uapi_ops uapi_ops = {.get = uapi_get, .set = uapi_set};

/* --- opening and closing --- */

void dp_interface_close(struct dp_interface *in)
{
	if (!in)
		return;
	dp_uapi_io_free(in->uapi);
	dp_udp_close(&in->udp);
	wg_device_free(in->device);
	dp_outbound_free(in->outbound);
	dp_inbound_free(in->inbound);
	dp_underlay_close(&in->underlay);
	dp_netdev_close(&in->netdev);
	dp_tun_close(&in->tun);
	ls_cleanup_close(&in->epoll_fd);
	ls_cleanup_close(&in->event_fd);
	free(in);
}

static void close_opened(struct dp_interface **in)
{
	dp_interface_close(*in);
}

static int open_fds(struct dp_interface *in, struct ls_fail *fail)
{
	in->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	in->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->epoll_fd < 0 || in->event_fd < 0)
		return ls_fail_set(fail, -errno, "cannot make event descriptors: %s",
		                   ls_strerror(-errno));
	return 0;
}

static int make_engine(struct dp_interface *in, struct ls_fail *fail)
{
	const struct wg_config port = {.flags = WG_CONFIG_LISTEN_PORT, .listen_port = in->udp.port};

	in->now_ns = ls_now_ns();
	in->device = wg_device_new(&engine_ops, in);
	in->outbound = dp_outbound_new();
	in->inbound = dp_inbound_new(&in->tun);
	if (!in->outbound || !in->inbound || wg_device_configure(in->device, &port, in->now_ns) < 0)
		return ls_fail_set(fail, -ENOMEM, "cannot make interface %s: out of memory",
		                   in->tun.name);
	return 0;
}

/* A process with CAP_NET_ADMIN that is not root may not be allowed to make the socket. The tunnel
 * works without it. */
static int open_uapi(struct dp_interface *in, const char *name, struct ls_fail *fail)
{
	int r = dp_uapi_io_new(name, &uapi_ops, in, &in->uapi, fail);

	if (r != -EACCES && r != -EPERM && r != -EROFS && r != -ENOSPC)
		return r;
	ls_warn("uapi.off", "interface=%s error=\"%s; wg show and status --wg do not see it\"",
	        name, fail->text);
	return 0;
}

static int watch_all(const struct dp_interface *in, int wake_fd, struct ls_fail *fail)
{
	int r = watch(in, in->tun.fd, SOURCE_TUN);

	if (r == 0)
		r = watch_sockets(in, &in->udp);
	if (r == 0 && in->uapi)
		r = watch(in, dp_uapi_io_fd(in->uapi), SOURCE_UAPI);
	if (r == 0)
		r = watch(in, in->netdev.watch_fd, SOURCE_LINK);
	if (r == 0)
		r = watch(in, in->underlay.watch_fd, SOURCE_UNDERLAY);
	if (r == 0)
		r = watch(in, wake_fd, SOURCE_WAKE);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot watch interface %s: %s", in->tun.name,
		                   ls_strerror(r));
	return 0;
}

int dp_interface_open(const struct dataplane_options *options, int wake_fd,
                      struct dp_interface **ret, struct ls_fail *fail)
{
	struct dp_interface *in LS_CLEANUP(close_opened) = NULL;
	int r;

	if (options->mtu < MTU_MIN || options->mtu > MTU_MAX)
		return ls_fail_set(fail, -EINVAL, "MTU %u of interface %s is not within %d to %d",
		                   options->mtu, options->interface ? options->interface : "",
		                   MTU_MIN, MTU_MAX);
	in = ls_new(struct dp_interface);
	in->offloads = options->offloads;
	in->stamps = options->stamps;
	in->receive_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(3, 10 * LS_NS_PER_S);
	in->routes_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(10, ROUTES_INTERVAL_NS);
	in->routes_retry_ns = LS_NEVER;
	in->loop_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(3, 60 * LS_NS_PER_S);
	in->epoll_fd = in->event_fd = in->tun.fd = -1;
	in->netdev = NETDEV_CLOSED;
	in->underlay.watch_fd = -1;
	in->udp.v4.fd = in->udp.v6.fd = -1;
	r = open_fds(in, fail);
	if (r < 0)
		return r;
	r = dp_tun_open(options->interface, options->mtu, !options->offloads.tun_off, &in->tun,
	                fail);
	if (r < 0)
		return r;
	r = dp_netdev_open(in->tun.fd, &in->netdev, fail);
	if (r < 0)
		return r;
	r = dp_underlay_open(&in->underlay, fail);
	if (r < 0)
		return r;
	r = dp_udp_open(0, 0, &options->offloads, &in->udp, fail);
	if (r < 0)
		return r;
	r = make_engine(in, fail);
	if (r < 0)
		return r;
	r = open_uapi(in, options->interface, fail);
	if (r < 0)
		return r;
	r = watch_all(in, wake_fd, fail);
	if (r < 0)
		return r;
	in->packet_mtu = options->mtu;
	follow_link(in);
	*ret = LS_STEAL(in);
	return 0;
}

int dp_interface_event_fd(const struct dp_interface *in)
{
	return in->event_fd;
}

/* --- the loop --- */

/* The time until there is something to do, rounded up to milliseconds. */
static int timeout_ms(const struct dp_interface *in)
{
	uint64_t deadline = in->up && !in->gone ? wg_device_next_deadline(in->device) : LS_NEVER;
	uint64_t now, ms;

	if (in->routes_retry_ns < deadline)
		deadline = in->routes_retry_ns;
	now = deadline == LS_NEVER ? 0 : ls_now_ns();
	if (deadline == LS_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	ms = (deadline - now + LS_NS_PER_MS - 1) / LS_NS_PER_MS;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static void run_outbound(struct dp_interface *in)
{
	const struct outbound_context context = {.tun = &in->tun,
	                                         .netdev = &in->netdev,
	                                         .udp = &in->udp,
	                                         .device = in->device,
	                                         .mtu = in->mtu,
	                                         .packet_mtu = in->packet_mtu,
	                                         .now_ns = in->now_ns};

	if (dp_outbound_run(in->outbound, &context) < 0)
		follow_link(in);
}

static void run_inbound(struct dp_interface *in, struct udp_socket *socket)
{
	const struct inbound_context context = {.tun = &in->tun,
	                                        .device = in->device,
	                                        .mtu = in->mtu,
	                                        .up = in->up && !in->gone,
	                                        .now_ns = in->now_ns};
	int r = dp_inbound_run(in->inbound, socket, &context);

	if (r < 0 && ls_ratelimit_pass(&in->receive_limit, in->now_ns))
		ls_warn("udp.receive_failed", "interface=%s error=\"%s\"", in->tun.name,
		        ls_strerror(r));
}

/* Tells the engine, now or a little later, to ask for its paths anew. */
static void change_routes(struct dp_interface *in)
{
	bool now = ls_ratelimit_pass(&in->routes_limit, in->now_ns);

	in->routes_retry_ns = now ? LS_NEVER : in->now_ns + ROUTES_INTERVAL_NS;
	if (now)
		wg_device_routes_changed(in->device);
}

bool dp_interface_run(struct dp_interface *in)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(in->epoll_fd, events, EVENTS_MAX, timeout_ms(in));
	bool woken = false;

	in->now_ns = ls_now_ns();
	for (int i = 0; i < n; i++) {
		switch ((enum source)events[i].data.u64) {
		case SOURCE_TUN:
			run_outbound(in);
			break;
		case SOURCE_UDP4:
			run_inbound(in, &in->udp.v4);
			break;
		case SOURCE_UDP6:
			run_inbound(in, &in->udp.v6);
			break;
		case SOURCE_UAPI:
			dp_uapi_io_run(in->uapi);
			break;
		case SOURCE_LINK:
			if (dp_netdev_drain(&in->netdev))
				follow_link(in);
			break;
		case SOURCE_UNDERLAY:
			dp_underlay_drain(&in->underlay);
			change_routes(in);
			break;
		case SOURCE_WAKE:
			woken = true;
			break;
		}
	}
	if (in->up && !in->gone && wg_device_next_deadline(in->device) <= in->now_ns)
		wg_device_tick(in->device, in->now_ns);
	if (in->udp.refused.family != LS_FAMILY_NONE) {
		dp_underlay_refuse(&in->underlay, &in->udp.refused);
		in->udp.refused = (struct ls_ip){.family = LS_FAMILY_NONE};
		change_routes(in);
	}
	if (in->routes_retry_ns <= in->now_ns)
		change_routes(in);
	return woken;
}
