/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: one process sees clocks that are wrong. The file that WRONG_CLOCK names holds two
 * numbers, in nanoseconds: by how much the wall clock is off, and by how much CLOCK_BOOTTIME is, as
 * after a suspend. It is mapped at the start, before any sandbox, so a test can change the numbers
 * while the program runs. Timers of the kernel are not affected. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

static const volatile struct {
	int64_t wall_ns;
	int64_t boot_ns;
} * off;

__attribute__((constructor)) static void map_file(void)
{
	const char *path = getenv("WRONG_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*off), PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	off = map;
	(void)close(fd);
}

static int64_t off_of(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		return off->wall_ns;
	case CLOCK_BOOTTIME:
		return off->boot_ns;
	default:
		return 0;
	}
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are reserved */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);
	int64_t ns;

	if (r < 0 || !off)
		return r;
	ns = (int64_t)ret->tv_nsec + off_of(clock) % NS_PER_S + NS_PER_S;
	ret->tv_sec += off_of(clock) / NS_PER_S + ns / NS_PER_S - 1;
	ret->tv_nsec = ns % NS_PER_S;
	return r;
}

time_t time(time_t *ret)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now = {0};

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
