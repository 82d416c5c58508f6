/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of the front. */
#ifndef LS_SERVER_HTTP_COUNTS_H
#define LS_SERVER_HTTP_COUNTS_H

#include <stddef.h>
#include <stdint.h>

struct httpd_counts {
	/* Since the start. */
	uint64_t turned_away;    /* connections that got 503 */
	uint64_t evicted;        /* connections that were ended to make room for others */
	uint64_t evicted_memory; /* connections that were ended since memory was short */
	uint64_t no_memory;      /* requests and answers for which memory was short */
	/* Now. */
	size_t connections;
	size_t memory; /* bytes of unread requests and unsent answers */
};

#endif
