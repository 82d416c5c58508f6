/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * LS_NS_PER_S + (uint64_t)t.tv_usec * LS_NS_PER_US;
}

/* The second number of /proc/self/statm: resident pages. */
static bool read_resident(uint64_t *ret_pages)
{
	char text[128], *end;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *second;

	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	second = strchr(text, ' ');
	if (!second)
		return false;
	end = strchr(second + 1, ' ');
	if (end)
		*end = '\0';
	return ls_parse_u64(second + 1, 0, UINT64_MAX, ret_pages) == 0;
}

/* False, for example, after the process changed its user: the directory then belongs to root. */
static bool count_files(uint64_t *ret)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!dir)
		return false;
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	*ret = n - 3; /* ".", ".." and the directory's own */
	return true;
}

void metrics_usage_put(struct exposition *e)
{
	struct rusage usage;
	struct rlimit limit;
	uint64_t number;

	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		metrics_exposition_head(e, "process_cpu_seconds_total", "counter",
		                        "CPU time used.");
		metrics_exposition_seconds(e,
		                           timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime));
	}
	if (read_resident(&number)) {
		metrics_exposition_head(e, "process_resident_memory_bytes", "gauge",
		                        "Memory in RAM.");
		metrics_exposition_number(e, number * (uint64_t)sysconf(_SC_PAGESIZE));
	}
	if (count_files(&number)) {
		metrics_exposition_head(e, "process_open_fds", "gauge",
		                        "Open files and connections.");
		metrics_exposition_number(e, number);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		metrics_exposition_head(e, "process_max_fds", "gauge",
		                        "Limit of open files and connections.");
		metrics_exposition_number(e, (uint64_t)limit.rlim_cur);
	}
}
