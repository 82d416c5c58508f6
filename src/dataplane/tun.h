/* SPDX-License-Identifier: Apache-2.0 */
/* A TUN device, with virtio_net_hdr and segmentation offloads where the kernel has them
 * (Documentation/networking/tuntap.rst, linux/virtio_net.h). It is not persistent: the kernel
 * removes it when its file descriptor is closed. The worker thread owns it. */
#ifndef LS_DATAPLANE_TUN_H
#define LS_DATAPLANE_TUN_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <linux/virtio_net.h>

#include "base/error.h"

struct tun {
	int fd;
	char name[IFNAMSIZ];
	bool vnet_hdr;
	bool tcp_super; /* the kernel accepts super-packets of TCP */
	bool udp_super; /* and of UDP (Linux 6.2) */
};

/* Creates the interface, down, with that MTU. -EEXIST when the name is taken. When /dev/net/tun or
 * permissions are missing, `fail` says what to do. */
int dp_tun_open(const char *name, uint32_t mtu, bool offloads, struct tun *ret,
                struct ls_fail *fail) LS_MUST_CHECK;
void dp_tun_close(struct tun *tun);

/* In both, the caller leaves iov[0] free for the header; the other pieces hold the packet. */
/* Reads one packet or super-packet; returns its length or -errno. Without vnet_hdr, *ret_hdr is all
 * zero. */
ssize_t dp_tun_read(const struct tun *tun, struct virtio_net_hdr *ret_hdr, struct iovec *iov,
                    size_t iov_count);
int dp_tun_write(const struct tun *tun, struct virtio_net_hdr *hdr, struct iovec *iov,
                 size_t iov_count) LS_MUST_CHECK;

#endif
