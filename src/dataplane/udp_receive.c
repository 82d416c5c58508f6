/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dataplane/packet.h"
#include "dataplane/udp.h"

enum {
	GRO_LEN_MAX = 64 << 10, /* the most that one message can hold with UDP_GRO */
	TRAIN_SLOTS =
	        4, /* buffers to use while trains arrive: their data fits the cache of one core */
	SMALL_LEN = 4 << 10, /* messages with a smaller average are no trains */
	SINGLE_LEN_MIN = 2048,
	CACHE_LINE = 64,
};

struct incoming {
	struct sockaddr_in6 address; /* large enough for both families */
	_Alignas(struct cmsghdr) char control[2 * CMSG_SPACE(sizeof(int)) +
	                                      CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct iovec iov;
};

struct udp_receiver {
	bool filled; /* the last call filled all buffers: more may wait */
	bool small;  /* the last messages were small: use more buffers */
	struct mmsghdr messages[UDP_RECEIVE_MAX];
	struct incoming in[UDP_RECEIVE_MAX];
	_Alignas(CACHE_LINE) uint8_t data[UDP_RECEIVE_LEN];
};

struct udp_receiver *dp_udp_receiver_new(void)
{
	void *memory = aligned_alloc(CACHE_LINE, sizeof(struct udp_receiver));

	/* Do not touch the data: pages that no traffic needs then use no memory. */
	if (memory)
		memset(memory, 0, offsetof(struct udp_receiver, data));
	return memory;
}

void dp_udp_receiver_free(struct udp_receiver *receiver)
{
	free(receiver);
}

/* Reads the address to which a message came. For a broadcast, the kernel gives the address to
 * answer from. */
static void read_local(const struct cmsghdr *cmsg, struct wg_path *path)
{
	struct in6_pktinfo v6;
	struct in_pktinfo v4;

	if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO &&
	    cmsg->cmsg_len >= CMSG_LEN(sizeof(v4))) {
		memcpy(&v4, CMSG_DATA(cmsg), sizeof(v4));
		path->local = ls_ip_from_bytes(LS_FAMILY_V4, (const uint8_t *)&v4.ipi_spec_dst);
		path->link = (uint32_t)v4.ipi_ifindex;
	} else if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO &&
	           cmsg->cmsg_len >= CMSG_LEN(sizeof(v6))) {
		memcpy(&v6, CMSG_DATA(cmsg), sizeof(v6));
		path->local = ls_ip_from_bytes(LS_FAMILY_V6, v6.ipi6_addr.s6_addr);
		path->link = v6.ipi6_ifindex;
	}
}

/* Fills `ret` from what the kernel wrote. False when the message is to be ignored: truncated,
 * empty, or without a known address. */
static bool read_message(struct mmsghdr *message, struct udp_message *ret)
{
	struct msghdr *msg = &message->msg_hdr;

	*ret = (struct udp_message){
	        .data = msg->msg_iov->iov_base, .len = message->msg_len, .size = message->msg_len};
	if ((msg->msg_flags & MSG_TRUNC) || message->msg_len == 0)
		return false;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		const uint8_t *value = CMSG_DATA(cmsg);
		int number = 0;

		if (cmsg->cmsg_len >= CMSG_LEN(sizeof(int)))
			memcpy(&number, value, sizeof(number));
		else if (cmsg->cmsg_len >= CMSG_LEN(1))
			number = *value;
		if (cmsg->cmsg_level == IPPROTO_UDP && cmsg->cmsg_type == UDP_GRO && number > 0)
			ret->size = (size_t)number;
		else if ((cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_TOS) ||
		         (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_TCLASS))
			ret->ecn = (uint8_t)(number & PACKET_ECN_MASK);
		else
			read_local(cmsg, &ret->path);
	}
	return ls_endpoint_from_sockaddr(msg->msg_name, &ret->path.remote) == 0;
}

/* Prepares the buffers for the next call; returns their number. */
static size_t prepare(struct udp_receiver *receiver, const struct udp_socket *s,
                      size_t datagram_max)
{
	size_t slot = datagram_max > SINGLE_LEN_MIN ? datagram_max : SINGLE_LEN_MIN;
	size_t n;

	slot = (slot + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	if (s->gro || slot > GRO_LEN_MAX)
		slot = GRO_LEN_MAX;
	n = UDP_RECEIVE_LEN / slot;
	if (n > UDP_RECEIVE_MAX)
		n = UDP_RECEIVE_MAX;
	if (slot == GRO_LEN_MAX && !receiver->small)
		n = TRAIN_SLOTS;
	assert(n > 0 && n * slot <= UDP_RECEIVE_LEN);
	for (size_t i = 0; i < n; i++) {
		struct incoming *in = &receiver->in[i];

		in->iov = (struct iovec){receiver->data + i * slot, slot};
		receiver->messages[i].msg_hdr = (struct msghdr){
		        .msg_name = &in->address,
		        .msg_namelen = sizeof(in->address),
		        .msg_iov = &in->iov,
		        .msg_iovlen = 1,
		        .msg_control = in->control,
		        .msg_controllen = sizeof(in->control),
		};
	}
	return n;
}

bool dp_udp_receiver_filled(const struct udp_receiver *receiver)
{
	return receiver->filled;
}

int dp_udp_receive(struct udp_receiver *receiver, struct udp_socket *socket, size_t datagram_max,
                   struct udp_message ret[static UDP_RECEIVE_MAX])
{
	size_t slots = prepare(receiver, socket, datagram_max);
	int got = recvmmsg(socket->fd, receiver->messages, (unsigned)slots, MSG_DONTWAIT, NULL);
	size_t sum = 0;
	int n = 0;

	receiver->filled = got == (int)slots;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < got; i++) {
		sum += receiver->messages[i].msg_len;
		if (read_message(&receiver->messages[i], &ret[n]))
			n++;
	}
	receiver->small = got >= TRAIN_SLOTS && sum / (size_t)got < SMALL_LEN;
	return n;
}
