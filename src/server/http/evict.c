/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/evict.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/mem.h"

enum {
	GREEDY_PART = 4, /* who has a quarter of all */
	EVICTED_PART = 2,
};

struct connection {
	int fd;
	struct ls_ip source; /* the rest of a /64 is zero; LS_FAMILY_NONE: a proxy */
	uint32_t silent_ms;  /* since the last byte from there */
};

static bool look(int fd, const struct source_trust *proxies, struct connection *ret)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage), info_len = sizeof(struct tcp_info);
	struct ls_endpoint peer;
	struct tcp_info info;

	if (getpeername(fd, (struct sockaddr *)&storage, &len) < 0 ||
	    ls_endpoint_from_sockaddr((struct sockaddr *)&storage, &peer) < 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) < 0)
		return false;
	*ret = (struct connection){.fd = fd, .silent_ms = info.tcpi_last_data_recv};
	/* Its whole address is asked about: a proxy may be one host of a /64. */
	if (!httpd_source_is_trusted(proxies, &peer.ip))
		ret->source = httpd_source_whole(&peer.ip);
	return true;
}

/* By source, and within it the most silent first, else the latest. */
static int order(const void *left, const void *right)
{
	const struct connection *a = left, *b = right;
	int r = ls_ip_compare(&a->source, &b->source);

	if (r != 0)
		return r;
	if (a->silent_ms != b->silent_ms)
		return a->silent_ms > b->silent_ms ? -1 : 1;
	return b->fd - a->fd;
}

/* All connections of the process, in that order; malloced. */
static struct connection *look_at_all(const struct source_trust *proxies, size_t *ret_count)
{
	struct rlimit limit;
	struct connection *all;
	size_t count = 0;

	*ret_count = 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return NULL;
	all = ls_try_array(limit.rlim_cur, sizeof(*all));
	for (rlim_t fd = 0; all && fd < limit.rlim_cur; fd++)
		count += look((int)fd, proxies, &all[count]);
	if (all)
		qsort(all, count, sizeof(*all), order);
	*ret_count = count;
	return all;
}

/* The longest run of one source that is no proxy; returns its length. */
static size_t find_greediest(const struct connection *all, size_t count, size_t *ret_start)
{
	size_t best = 0;

	for (size_t start = 0, end; start < count; start = end) {
		for (end = start + 1; end < count; end++) {
			if (!ls_ip_equal(&all[start].source, &all[end].source))
				break;
		}
		if (end - start > best && all[start].source.family != LS_FAMILY_NONE) {
			best = end - start;
			*ret_start = start;
		}
	}
	return best;
}

size_t httpd_evict_greediest(const struct source_trust *proxies, const struct ls_ip *newcomer,
                             struct ls_ip *ret_source)
{
	size_t count, start = 0, held, evicted = 0;
	struct connection *all = look_at_all(proxies, &count);

	*ret_source = (struct ls_ip){0};
	held = find_greediest(all, count, &start);
	if (held * GREEDY_PART < count || held < EVICTED_PART)
		held = 0;
	else
		*ret_source = all[start].source;
	if (httpd_evict_is_from(ret_source, newcomer))
		held = 0;
	for (; evicted < held / EVICTED_PART; evicted++)
		(void)shutdown(all[start + evicted].fd, SHUT_RDWR);
	free(all);
	return evicted;
}

bool httpd_evict_is_from(const struct ls_ip *source, const struct ls_ip *ip)
{
	struct ls_ip whole = httpd_source_whole(ip);

	return ls_ip_equal(source, &whole);
}
