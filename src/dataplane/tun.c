/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tun.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "dataplane/netdev.h"

#ifndef TUN_F_USO4 /* since Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static bool name_is_usable(const char *name)
{
	size_t len = strlen(name);

	/* In a name with '%' the kernel would replace it by a number. */
	return len > 0 && len < IFNAMSIZ && strcspn(name, "/%: \t\n") == len &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int open_device(struct ls_fail *fail)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return ls_fail_set(fail, -errno,
		                   "cannot open /dev/net/tun: this host has no TUN driver; load it "
		                   "with `modprobe tun`, or pass the device into the container");
	case EACCES:
	case EPERM:
		return ls_fail_set(fail, -errno,
		                   "cannot open /dev/net/tun: no permission; run as root or with "
		                   "CAP_NET_ADMIN");
	default:
		return ls_fail_set(fail, -errno, "cannot open /dev/net/tun: %s",
		                   ls_strerror(-errno));
	}
}

static int attach(int fd, const char *name, bool vnet_hdr, struct ls_fail *fail)
{
	struct ifreq req = {0};

	memcpy(req.ifr_name, name, strlen(name) + 1);
	req.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (vnet_hdr ? IFF_VNET_HDR : 0));
	req.ifr_flags = (short)(req.ifr_flags | (short)IFF_TUN_EXCL);
	if (ioctl(fd, TUNSETIFF, &req) == 0)
		return 0;
	if (errno == EBUSY)
		return ls_fail_set(fail, -EEXIST,
		                   "cannot make interface %s: one of that name exists; choose "
		                   "another or remove it with `ip link delete %s`",
		                   name, name);
	if (errno == EPERM)
		return ls_fail_set(fail, -EPERM,
		                   "cannot make interface %s: no permission; run as root or with "
		                   "CAP_NET_ADMIN",
		                   name);
	return ls_fail_set(fail, -errno, "cannot make interface %s: %s", name, ls_strerror(-errno));
}

/* Turns on the best offloads that the kernel supports. */
static void enable_offloads(struct tun *tun)
{
	static const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	tun->tcp_super = true;
	tun->udp_super = ioctl(tun->fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0;
	if (tun->udp_super || ioctl(tun->fd, TUNSETOFFLOAD, tcp) == 0)
		return;
	tun->tcp_super = false;
	ls_warn("tun.offload_missing", "interface=%s error=\"%s\"", tun->name, ls_strerror(-errno));
}

int dp_tun_open(const char *name, uint32_t mtu, bool offloads, struct tun *ret,
                struct ls_fail *fail)
{
	LS_CLOSE int fd = -1;
	struct tun tun = {.vnet_hdr = offloads};
	int r;

	if (!name || !name_is_usable(name))
		return ls_fail_set(fail, -EINVAL,
		                   "interface name '%s' is not usable: 1 to 15 bytes, no blanks, "
		                   "'/', ':' or '%%'",
		                   name ? name : "");
	fd = open_device(fail);
	if (fd < 0)
		return fd;
	r = attach(fd, name, offloads, fail);
	if (r < 0)
		return r;
	tun.fd = fd;
	memcpy(tun.name, name, strlen(name) + 1);
	r = dp_netdev_set_mtu(name, mtu);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot set MTU %u on interface %s: %s", mtu, name,
		                   ls_strerror(r));
	if (offloads)
		enable_offloads(&tun);
	*ret = tun;
	fd = -1;
	return 0;
}

void dp_tun_close(struct tun *tun)
{
	if (tun->fd >= 0)
		(void)close(tun->fd);
	tun->fd = -1;
}

ssize_t dp_tun_read(const struct tun *tun, struct virtio_net_hdr *ret_hdr, struct iovec *iov,
                    size_t iov_count)
{
	size_t skip = tun->vnet_hdr ? 0 : 1;
	ssize_t n;

	assert(iov_count > 1);
	iov[0] = (struct iovec){ret_hdr, sizeof(*ret_hdr)};
	n = readv(tun->fd, iov + skip, (int)(iov_count - skip));
	if (n < 0)
		return -errno;
	if (!tun->vnet_hdr) {
		*ret_hdr = (struct virtio_net_hdr){0};
		return n;
	}
	return n < (ssize_t)sizeof(*ret_hdr) ? -EPROTO : n - (ssize_t)sizeof(*ret_hdr);
}

int dp_tun_write(const struct tun *tun, struct virtio_net_hdr *hdr, struct iovec *iov,
                 size_t iov_count)
{
	size_t skip = tun->vnet_hdr ? 0 : 1;

	iov[0] = (struct iovec){hdr, sizeof(*hdr)};
	return writev(tun->fd, iov + skip, (int)(iov_count - skip)) < 0 ? -errno : 0;
}
