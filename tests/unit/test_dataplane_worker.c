/* SPDX-License-Identifier: Apache-2.0 */
/* The control thread and two workers in one process, in a network namespace of the test: real TUN
 * devices, real sockets on loopback. Needs root; skipped without it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "dataplane/dataplane.h"
#include "skip.h"

enum {
	HANDSHAKE_TIMEOUT_S = 10,
	LOAD_TIMEOUT_S = 25, /* under ThreadSanitizer every packet takes its time */
};

static bool have_namespace;

struct end {
	char name[IFNAMSIZ];
	struct dataplane *dp;
	struct wg_private_key private_key;
	struct wg_public_key public_key;
	uint16_t port;
};

static void set_link(const char *name, const char *address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};

	assert_true(fd >= 0);
	(void)snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (address) {
		assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
		memcpy(&req.ifr_addr, &in, sizeof(in));
		assert_int_equal(ioctl(fd, SIOCSIFADDR, &req), 0);
		in.sin_addr.s_addr = htonl(0xffffff00);
		memcpy(&req.ifr_netmask, &in, sizeof(in));
		assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &req), 0);
	}
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &req), 0);
	req.ifr_flags |= IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &req), 0);
	(void)close(fd);
}

static void open_end(struct end *end, char letter)
{
	struct dataplane_options options = {.interface = end->name, .mtu = 1420};
	struct wg_config change = {.flags = WG_CONFIG_PRIVATE_KEY};
	struct wg_config got = {0};
	struct ls_fail fail;

	(void)snprintf(end->name, sizeof(end->name), "u%d%c", getpid() % 1000000, letter);
	key_wg_generate(&end->private_key);
	key_wg_public(&end->private_key, &end->public_key);
	assert_int_equal(dataplane_userspace.open(&options, &end->dp, &fail), 0);
	change.private_key = end->private_key;
	assert_int_equal(end->dp->ops->configure(end->dp, &change, &fail), 0);
	assert_int_equal(end->dp->ops->read(end->dp, &got, &fail), 0);
	assert_true(key_equal(got.private_key.b, end->private_key.b));
	assert_int_not_equal(got.listen_port, 0);
	end->port = got.listen_port;
	wg_config_done(&got);
}

static void close_end(struct end *end)
{
	end->dp->ops->close(end->dp);
}

static void add_peer(const struct end *end, const struct end *other, const char *allowed,
                     uint16_t keepalive_s)
{
	struct wg_config change = {0};
	struct wg_peer_config *peer = wg_config_add_peer(&change, &other->public_key);
	struct ls_prefix prefix;
	struct ls_fail fail;
	char text[LS_ENDPOINT_TEXT];

	assert_non_null(peer);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", other->port);
	assert_int_equal(ls_endpoint_parse(text, &peer->endpoint), 0);
	peer->keepalive_s = keepalive_s;
	peer->flags = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE;
	assert_int_equal(ls_prefix_parse(allowed, &prefix), 0);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	assert_int_equal(end->dp->ops->configure(end->dp, &change, &fail), 0);
	wg_config_done(&change);
}

/* The only peer as it is now. */
static struct wg_peer_config read_peer(const struct end *end)
{
	struct wg_config got = {0};
	struct wg_peer_config peer;
	struct ls_fail fail;

	assert_int_equal(end->dp->ops->read(end->dp, &got, &fail), 0);
	assert_int_equal(got.peer_count, 1);
	peer = got.peers[0];
	wg_config_done(&got);
	return peer;
}

static void wait_for_event(const struct end *end)
{
	struct pollfd pfd = {.fd = end->dp->ops->event_fd(end->dp), .events = POLLIN};
	uint64_t count;

	assert_int_equal(poll(&pfd, 1, HANDSHAKE_TIMEOUT_S * 1000), 1);
	assert_int_equal(read(pfd.fd, &count, sizeof(count)), sizeof(count));
}

static void test_open_refusals(void **state)
{
	struct end end;
	struct dataplane *dp = NULL;
	struct dataplane_options options = {.interface = end.name, .mtu = 1420};
	struct ls_fail fail;

	(void)state;
	if (!have_namespace)
		skip_without("/dev/net/tun and the right to make a network namespace");
	open_end(&end, 'a');
	assert_int_equal(dataplane_userspace.open(&options, &dp, &fail), -EEXIST);
	assert_non_null(strstr(fail.text, end.name));
	options.mtu = 100;
	assert_int_equal(dataplane_userspace.open(&options, &dp, &fail), -EINVAL);
	options.mtu = 1420;
	options.interface = "lo";
	assert_int_equal(dataplane_userspace.open(&options, &dp, &fail), -EEXIST);
	options.interface = "sixteen-bytes-long";
	assert_int_equal(dataplane_userspace.open(&options, &dp, &fail), -EINVAL);
	assert_null(dp);
	close_end(&end);
}

static void test_listen_port_in_use(void **state)
{
	struct end a, b;
	struct wg_config change = {.flags = WG_CONFIG_LISTEN_PORT | WG_CONFIG_FWMARK, .fwmark = 7};
	struct wg_config got = {0};
	struct ls_fail fail;

	(void)state;
	if (!have_namespace)
		skip_without("/dev/net/tun and the right to make a network namespace");
	open_end(&a, 'a');
	open_end(&b, 'b');
	change.listen_port = b.port;
	assert_int_equal(a.dp->ops->configure(a.dp, &change, &fail), -EADDRINUSE);
	assert_int_equal(a.dp->ops->read(a.dp, &got, &fail), 0);
	assert_int_equal(got.listen_port, a.port);
	assert_int_equal(got.fwmark, 0);
	wg_config_done(&got);
	close_end(&b);
	assert_int_equal(a.dp->ops->configure(a.dp, &change, &fail), 0);
	assert_int_equal(a.dp->ops->read(a.dp, &got, &fail), 0);
	assert_int_equal(got.listen_port, b.port);
	assert_int_equal(got.fwmark, 7);
	wg_config_done(&got);
	close_end(&a);
}

struct load {
	atomic_bool stop;
	unsigned long sent;
};

static void *send_load(void *arg)
{
	struct load *load = arg;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char data[1300] = {0};

	(void)inet_pton(AF_INET, "10.99.1.5", &to.sin_addr);
	while (!atomic_load(&load->stop)) {
		if (sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)) > 0)
			load->sent++;
	}
	(void)close(fd);
	return NULL;
}

/* Handshakes, then commands of every kind while packets flow. */
static void test_commands_under_load(void **state)
{
	struct end a, b;
	struct load load = {.sent = 0};
	pthread_t thread;
	uint64_t received = 0;
	uint64_t deadline;

	(void)state;
	if (!have_namespace)
		skip_without("/dev/net/tun and the right to make a network namespace");
	open_end(&a, 'a');
	open_end(&b, 'b');
	set_link(b.name, NULL);
	set_link(a.name, "10.99.1.1");
	add_peer(&b, &a, "10.99.1.1/32", 0);
	add_peer(&a, &b, "10.99.1.0/24", 1);
	wait_for_event(&a);
	wait_for_event(&b);
	assert_true(read_peer(&a).last_handshake_s > 0);
	assert_int_equal(pthread_create(&thread, NULL, send_load, &load), 0);
	deadline = ls_now_ns() + LOAD_TIMEOUT_S * LS_NS_PER_S;
	for (int i = 0; i < 50 || received < 100000; i++) {
		add_peer(&a, &b, "10.99.1.0/24", (uint16_t)(i % 3));
		received = read_peer(&b).rx_bytes;
		assert_true(ls_now_ns() < deadline);
	}
	atomic_store(&load.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(load.sent > 0);
	assert_true(read_peer(&a).tx_bytes > 0);
	close_end(&a);
	close_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_open_refusals),
	        cmocka_unit_test(test_listen_port_in_use),
	        cmocka_unit_test(test_commands_under_load),
	};

	if (crypto_init() < 0)
		return 1;
	have_namespace = unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0;
	if (have_namespace)
		set_link("lo", NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
