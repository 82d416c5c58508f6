/* SPDX-License-Identifier: Apache-2.0 */
/* The UDP sockets of one interface: IPv4, and IPv6 on the same port where the host has it; trains
 * of datagrams out with UDP_SEGMENT, in with UDP_GRO (udp(7)), each with a fallback. Owned by the
 * worker thread.
 *
 * Where the kernel refuses a train the datagrams are sent one by one: for good when the way out
 * cannot do it (EIO), for a while and one destination when its path is too narrow (EINVAL). */
#ifndef LS_DATAPLANE_UDP_H
#define LS_DATAPLANE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/log.h"
#include "dataplane/dataplane.h"
#include "wire/ip.h"

enum {
	UDP_TRAIN_MAX = 64,        /* UDP_MAX_SEGMENTS of the older kernels */
	UDP_TRAIN_LEN_MAX = 65507, /* of an IPv4 datagram's payload */
	UDP_SEND_MAX = 64,         /* messages of one system call */
	UDP_RECEIVE_MAX = 64,      /* same */
	UDP_RECEIVE_LEN = 1 << 20, /* of buffers; touched only as far as traffic needs them */
	UDP_SOCKET_BUFFER = 7 << 20,
};

struct udp_socket {
	int fd; /* -1: this host has no such family */
	bool gso;
	bool gro;
	uint64_t full_ns; /* the wake-up in which its buffer did not empty */
	struct ls_ratelimit log_limit;
	bool warned;               /* about a narrow path */
	struct ls_endpoint narrow; /* gets single datagrams... */
	uint64_t narrow_until_ns;  /* ...until then */
};

struct udp {
	struct udp_socket v4;
	struct udp_socket v6;
	uint16_t port; /* of both */
};

/* Datagrams of one size, the last may be shorter, for one destination. The pieces are whole
 * datagrams laid end to end. */
struct udp_train {
	const struct ls_endpoint *dst;
	struct iovec *iov;
	uint16_t iov_count;
	uint16_t count;
	uint16_t size;
	uint8_t ecn; /* of the outer header */
	size_t len;
};

/* What was received with one system call. */
struct udp_message {
	uint8_t *data;
	size_t len;
	size_t size; /* of each datagram in `data` but the last, which may be shorter */
	uint8_t ecn;
	struct ls_endpoint src;
};

struct udp_sender;   /* message headers of one system call */
struct udp_receiver; /* buffers of one interface */

/* Port 0 chooses a free one. -EADDRINUSE when it is taken. */
int dp_udp_open(uint16_t port, uint32_t fwmark, const struct dataplane_offloads *offloads,
                struct udp *ret, struct ls_fail *fail) LS_MUST_CHECK;
void dp_udp_close(struct udp *udp);
/* SO_MARK of all that is sent; 0: none. */
int dp_udp_set_mark(const struct udp *udp, uint32_t fwmark, struct ls_fail *fail) LS_MUST_CHECK;

/* Whether a train of more than one datagram may go there now. */
bool dp_udp_can_train(const struct udp *udp, const struct ls_endpoint *dst, uint64_t now_ns);
struct udp_sender *dp_udp_sender_new(void);
void dp_udp_sender_free(struct udp_sender *sender);
/* Sends in order; what the network does not take is lost, as datagrams are. */
void dp_udp_send(struct udp_sender *sender, struct udp *udp, const struct udp_train *trains,
                 size_t n, uint64_t now_ns);
void dp_udp_send_one(struct udp *udp, const struct ls_endpoint *dst, const void *data, size_t len,
                     uint64_t now_ns);

struct udp_receiver *dp_udp_receiver_new(void);
void dp_udp_receiver_free(struct udp_receiver *receiver);
/* Takes what waits in the socket, at most one system call's worth. A datagram of up to
 * `datagram_max` bytes fits; larger ones are left out. Number of messages, 0 when none waits or
 * -errno; the data lives until the next call. */
int dp_udp_receive(struct udp_receiver *receiver, struct udp_socket *socket, size_t datagram_max,
                   struct udp_message ret[static UDP_RECEIVE_MAX]);

/* Whether the last call took as much as one can, so that more may wait. */
bool dp_udp_receiver_filled(const struct udp_receiver *receiver);

#endif
