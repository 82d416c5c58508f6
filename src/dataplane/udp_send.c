/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dataplane/udp.h"

enum {
	NARROW_S = 10, /* how long the destination of a narrow path gets single datagrams */
	FULL_WAIT_MS =
	        5, /* wait this long for room in the socket buffer; the tunnel waits meanwhile */
};

/* What one message of sendmmsg points at. */
struct outgoing {
	struct sockaddr_storage address;
	union {
		char bytes[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int)) +
		           CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control;
};

struct udp_sender {
	struct mmsghdr messages[UDP_SEND_MAX];
	struct outgoing out[UDP_SEND_MAX];
};

struct udp_sender *dp_udp_sender_new(void)
{
	return ls_try_array(1, sizeof(struct udp_sender));
}

void dp_udp_sender_free(struct udp_sender *sender)
{
	free(sender);
}

static void put_control(struct msghdr *msg, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *cmsg =
	        (struct cmsghdr *)(void *)((char *)msg->msg_control + msg->msg_controllen);

	assert(msg->msg_controllen + CMSG_SPACE(len) <=
	       sizeof(((struct outgoing *)NULL)->control.bytes));
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), value, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

/* Makes the datagrams leave from that address, through whichever interface its route leads. */
static void put_source(struct msghdr *msg, const struct ls_ip *local)
{
	struct in6_pktinfo v6 = {0};
	struct in_pktinfo v4 = {0};

	if (local->family == LS_FAMILY_V4) {
		memcpy(&v4.ipi_spec_dst, local->b, sizeof(v4.ipi_spec_dst));
		put_control(msg, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
	} else if (local->family == LS_FAMILY_V6) {
		memcpy(&v6.ipi6_addr, local->b, sizeof(v6.ipi6_addr));
		put_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
	}
}

static void fill_message(struct msghdr *msg, struct outgoing *out, const struct udp_train *train)
{
	int ecn = train->ecn;

	*msg = (struct msghdr){
	        .msg_name = &out->address,
	        .msg_namelen = ls_endpoint_to_sockaddr(&train->path->remote, &out->address),
	        .msg_iov = train->iov,
	        .msg_iovlen = train->iov_count,
	        .msg_control = out->control.bytes,
	};
	memset(out->control.bytes, 0, sizeof(out->control.bytes));
	if (train->count > 1)
		put_control(msg, IPPROTO_UDP, UDP_SEGMENT, &train->size, sizeof(train->size));
	if (ecn != 0 && train->path->remote.ip.family == LS_FAMILY_V4)
		put_control(msg, IPPROTO_IP, IP_TOS, &ecn, sizeof(ecn));
	else if (ecn != 0)
		put_control(msg, IPPROTO_IPV6, IPV6_TCLASS, &ecn, sizeof(ecn));
	put_source(msg, &train->path->local);
	if (msg->msg_controllen == 0)
		msg->msg_control = NULL;
}

static struct udp_socket *socket_for(struct udp *udp, const struct ls_endpoint *dst)
{
	return dst->ip.family == LS_FAMILY_V6 ? &udp->v6 : &udp->v4;
}

/* True when a failed send should be tried again. Waits for room in a full socket buffer. After one
 * wait in vain it waits no more in the same wake-up: when the network is much slower than the
 * tunnel's users, the waits would delay timers and the control thread for seconds. */
static bool can_retry(struct udp_socket *s, int error, uint64_t now_ns)
{
	struct pollfd pfd = {.fd = s->fd, .events = POLLOUT};

	if (error == -EINTR)
		return true;
	if (error != -EAGAIN || s->full_ns == now_ns)
		return false;
	if (poll(&pfd, 1, FULL_WAIT_MS) > 0)
		return true;
	s->full_ns = now_ns;
	return false;
}

static void log_send_error(struct udp_socket *s, const struct ls_endpoint *dst, int error,
                           uint64_t now_ns)
{
	char text[LS_ENDPOINT_TEXT];

	/* A firewall of this host. The user must hear of it: no time-out will say so. */
	if (error == -EPERM && ls_ratelimit_pass(&s->blocked_limit, now_ns))
		ls_warn("udp.blocked",
		        "endpoint=%s error=\"%s; a firewall of this host drops the tunnel's "
		        "packets\"",
		        ls_endpoint_format(dst, text), ls_strerror(error));
	if (!ls_log_enabled(LS_LOG_DEBUG) || !ls_ratelimit_pass(&s->log_limit, now_ns))
		return;
	ls_debug("udp.send_failed", "endpoint=%s error=\"%s\"", ls_endpoint_format(dst, text),
	         ls_strerror(error));
}

/* True when an error may be due to the source address: it, or its route, is gone, and the owner has
 * not heard of that yet. The message is then sent from an address that the kernel chooses. */
static bool sent_from_another(struct udp *udp, const struct udp_train *train, int error)
{
	const struct wg_path path = {.remote = train->path->remote};
	struct udp_train again = *train;
	struct outgoing out;
	struct msghdr msg;

	if (train->path->local.family == LS_FAMILY_NONE ||
	    (error != -EINVAL && error != -EADDRNOTAVAIL && error != -ENODEV &&
	     error != -ENETUNREACH && error != -EHOSTUNREACH))
		return false;
	again.path = &path;
	fill_message(&msg, &out, &again);
	if (sendmsg(socket_for(udp, &path.remote)->fd, &msg, 0) < 0)
		return false;
	udp->refused = train->path->local;
	return true;
}

static void send_single(struct udp *udp, const struct udp_train *single, uint64_t now_ns)
{
	struct udp_socket *s = socket_for(udp, &single->path->remote);
	struct outgoing out;
	struct msghdr msg;

	fill_message(&msg, &out, single);
	while (sendmsg(s->fd, &msg, 0) < 0) {
		int error = -errno;

		if (can_retry(s, error, now_ns))
			continue;
		if (!sent_from_another(udp, single, error))
			log_send_error(s, &single->path->remote, error, now_ns);
		return;
	}
}

/* Sends the datagrams of a train one by one. */
static void send_split(struct udp *udp, const struct udp_train *train, uint64_t now_ns)
{
	for (uint16_t i = 0; i < train->iov_count; i++) {
		uint8_t *at = train->iov[i].iov_base;
		size_t left = train->iov[i].iov_len;

		while (left > 0) {
			size_t len = left < train->size ? left : train->size;
			struct iovec iov = {at, len};
			struct udp_train single = {.path = train->path,
			                           .iov = &iov,
			                           .iov_count = 1,
			                           .count = 1,
			                           .ecn = train->ecn};

			send_single(udp, &single, now_ns);
			at += len;
			left -= len;
		}
	}
}

/* Handles an error that means that the kernel refused the train: remembers the reason and sends the
 * datagrams one by one. False for any other error. */
static bool handle_refused_train(struct udp *udp, const struct udp_train *train, int error,
                                 uint64_t now_ns)
{
	const struct ls_endpoint *dst = &train->path->remote;
	struct udp_socket *s = socket_for(udp, dst);
	char text[LS_ENDPOINT_TEXT];

	if (train->count < 2 || (error != -EIO && error != -EINVAL && error != -EMSGSIZE))
		return false;
	if (error == -EIO) {
		/* Log it once, not for each train of the same call. */
		if (s->gso)
			ls_warn("udp.gso_disabled", "error=\"%s\"", ls_strerror(error));
		s->gso = false;
	} else {
		s->narrow = *dst;
		s->narrow_until_ns = now_ns + NARROW_S * LS_NS_PER_S;
		if (!s->warned)
			ls_warn("udp.path_narrow", "endpoint=%s datagram=%u error=\"%s\"",
			        ls_endpoint_format(dst, text), train->size, ls_strerror(error));
		s->warned = true;
	}
	send_split(udp, train, now_ns);
	return true;
}

/* Sends trains of one family; `n` is at most UDP_SEND_MAX. */
static void send_family(struct udp_sender *sender, struct udp *udp, struct udp_socket *s,
                        const struct udp_train *trains, size_t n, uint64_t now_ns)
{
	struct mmsghdr *messages = sender->messages;
	size_t done = 0;

	assert(n <= UDP_SEND_MAX);
	for (size_t i = 0; i < n; i++)
		fill_message(&messages[i].msg_hdr, &sender->out[i], &trains[i]);
	while (done < n) {
		int sent = sendmmsg(s->fd, messages + done, (unsigned)(n - done), 0);
		int error = -errno;

		if (sent > 0) {
			done += (size_t)sent;
			continue;
		}
		if (can_retry(s, error, now_ns))
			continue;
		if (!sent_from_another(udp, &trains[done], error) &&
		    !handle_refused_train(udp, &trains[done], error, now_ns))
			log_send_error(s, &trains[done].path->remote, error, now_ns);
		done++;
	}
}

bool dp_udp_can_train(const struct udp *udp, const struct ls_endpoint *dst, uint64_t now_ns)
{
	const struct udp_socket *s = dst->ip.family == LS_FAMILY_V6 ? &udp->v6 : &udp->v4;

	return s->gso && (now_ns >= s->narrow_until_ns || !ls_endpoint_equal(&s->narrow, dst));
}

void dp_udp_send(struct udp_sender *sender, struct udp *udp, const struct udp_train *trains,
                 size_t n, uint64_t now_ns)
{
	size_t start = 0;

	while (start < n) {
		struct udp_socket *s = socket_for(udp, &trains[start].path->remote);
		size_t end = start + 1;

		while (end < n && end - start < UDP_SEND_MAX &&
		       socket_for(udp, &trains[end].path->remote) == s)
			end++;
		if (s->fd >= 0)
			send_family(sender, udp, s, trains + start, end - start, now_ns);
		start = end;
	}
}

void dp_udp_send_one(struct udp *udp, const struct wg_path *path, void *data, size_t len,
                     uint64_t now_ns)
{
	struct iovec iov = {data, len};
	const struct udp_train single = {.path = path, .iov = &iov, .iov_count = 1, .count = 1};

	if (socket_for(udp, &path->remote)->fd >= 0)
		send_single(udp, &single, now_ns);
}
