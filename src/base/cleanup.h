/* SPDX-License-Identifier: Apache-2.0 */
/* Macros that free things at the end of a scope, for control code. Crypto code uses one zeroing
 * `out:` label instead. */
#ifndef LS_BASE_CLEANUP_H
#define LS_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void ls_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ls_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Runs fn(&variable) when the variable goes out of scope. */
#define LS_CLEANUP(fn) __attribute__((cleanup(fn)))
#define LS_FREE        LS_CLEANUP(ls_cleanup_free)
#define LS_CLOSE       LS_CLEANUP(ls_cleanup_close)

/* Moves a pointer out of a variable, so that the end of the scope does not free it. */
#define LS_STEAL(p)                                                                                \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

/* The same for a descriptor. */
static inline int ls_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
