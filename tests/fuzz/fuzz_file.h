/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the input into a file, for functions that read files. */
#ifndef LS_TESTS_FUZZ_FILE_H
#define LS_TESTS_FUZZ_FILE_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum {
	FUZZ_PATH_TEXT = 32
};

/* A file in memory that holds the bytes; its path goes to `ret`. The caller closes it. */
static inline int fuzz_file(const uint8_t *data, size_t size, char ret[static FUZZ_PATH_TEXT])
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && (size == 0 || write(fd, data, size) == (ssize_t)size));
	(void)snprintf(ret, FUZZ_PATH_TEXT, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
