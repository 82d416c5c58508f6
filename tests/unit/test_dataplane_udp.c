/* SPDX-License-Identifier: Apache-2.0 */
/* The tunnel's sockets when the host, or the service manager's rules, allow neither address
 * family. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>

#include "dataplane/udp.h"

/* In place of the C library's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved names */
int socket(int family, int type, int protocol)
{
	(void)family;
	(void)type;
	(void)protocol;
	errno = EAFNOSUPPORT;
	return -1;
}

static void test_no_family(void **state)
{
	static const uint16_t ports[] = {0, 51820};
	const struct dataplane_offloads offloads = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct udp udp = {.v4.fd = -1, .v6.fd = -1};
		struct ls_fail fail = {0};

		assert_int_equal(dp_udp_open(ports[i], 0, &offloads, &udp, &fail), -EAFNOSUPPORT);
		assert_int_equal(udp.port, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_no_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
