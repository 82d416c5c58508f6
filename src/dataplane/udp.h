/* SPDX-License-Identifier: Apache-2.0 */
/* The UDP sockets of one interface: IPv4, and IPv6 on the same port if the host has it. A train is
 * a row of datagrams of one size that one message carries: sent with UDP_SEGMENT, received with
 * UDP_GRO (udp(7)), each with a fallback. The worker thread owns it.
 *
 * When the kernel refuses a train, its datagrams are sent one by one: from then on when the network
 * device cannot do it (EIO), for a while and to one destination when the path's MTU is too small
 * (EINVAL). Datagrams leave from the address of this host that the peer talks to (IP_PKTINFO,
 * IPV6_PKTINFO). */
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
#include "wg/path.h"
#include "wire/ip.h"

enum {
	UDP_TRAIN_MAX = 64,        /* UDP_MAX_SEGMENTS of the older kernels */
	UDP_TRAIN_LEN_MAX = 65507, /* largest payload of an IPv4 datagram */
	UDP_SEND_MAX = 64,         /* messages per system call */
	UDP_RECEIVE_MAX = 64,      /* messages per system call */
	UDP_RECEIVE_LEN = 1 << 20, /* of buffers; pages that no traffic needs are never touched */
	UDP_SOCKET_BUFFER = 7 << 20,
};

struct udp_socket {
	int fd; /* -1: this host does not have this family */
	bool gso;
	bool gro;
	uint64_t full_ns; /* the time of a wake-up in which its buffer stayed full */
	struct ls_ratelimit log_limit;
	struct ls_ratelimit blocked_limit;
	bool warned;               /* a narrow path was logged */
	struct ls_endpoint narrow; /* destination that gets single datagrams */
	uint64_t narrow_until_ns;  /* until this time */
};

struct udp {
	struct udp_socket v4;
	struct udp_socket v6;
	uint16_t port;        /* of both sockets */
	struct ls_ip refused; /* a source address that the kernel refused since the owner looked;
	                         family NONE: none */
};

/* Datagrams of one size, of which the last may be shorter, for one path. Each piece consists
 * of whole datagrams. */
struct udp_train {
	const struct wg_path *path;
	struct iovec *iov;
	uint16_t iov_count;
	uint16_t count;
	uint16_t size;
	uint8_t ecn; /* of the outer header */
	size_t len;
};

/* One received message: a datagram or a train. */
struct udp_message {
	uint8_t *data;
	size_t len;
	size_t size; /* of each datagram in `data` except the last, which may be shorter */
	uint8_t ecn;
	struct wg_path path; /* `remote` sent it to `local` */
};

struct udp_sender;   /* the message headers of one system call */
struct udp_receiver; /* the buffers of one interface */

/* Port 0 chooses a free one. -EADDRINUSE when the port is taken. */
int dp_udp_open(uint16_t port, uint32_t fwmark, const struct dataplane_offloads *offloads,
                struct udp *ret, struct ls_fail *fail) LS_MUST_CHECK;
void dp_udp_close(struct udp *udp);
/* Sets SO_MARK for everything that is sent; 0: none. */
int dp_udp_set_mark(const struct udp *udp, uint32_t fwmark, struct ls_fail *fail) LS_MUST_CHECK;

/* True when a train of more than one datagram may be sent to `dst` now. */
bool dp_udp_can_train(const struct udp *udp, const struct ls_endpoint *dst, uint64_t now_ns);
struct udp_sender *dp_udp_sender_new(void);
void dp_udp_sender_free(struct udp_sender *sender);
/* Sends in order. Datagrams that the network does not accept are lost. When the kernel refuses the
 * local address of a path, they are sent from one that it chooses, and udp->refused is set. */
void dp_udp_send(struct udp_sender *sender, struct udp *udp, const struct udp_train *trains,
                 size_t n, uint64_t now_ns);
void dp_udp_send_one(struct udp *udp, const struct wg_path *path, void *data, size_t len,
                     uint64_t now_ns);

struct udp_receiver *dp_udp_receiver_new(void);
void dp_udp_receiver_free(struct udp_receiver *receiver);
/* Receives the messages that wait in the socket, with one system call. Datagrams of more than
 * `datagram_max` bytes may be dropped. Returns the number of messages, 0 when none waits, or
 * -errno. The data is valid until the next call. */
int dp_udp_receive(struct udp_receiver *receiver, struct udp_socket *socket, size_t datagram_max,
                   struct udp_message ret[static UDP_RECEIVE_MAX]);

/* True when the last call received as much as one call can, so that more may wait. */
bool dp_udp_receiver_filled(const struct udp_receiver *receiver);

#endif
