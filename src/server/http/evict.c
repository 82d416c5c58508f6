/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/evict.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/http/connection.h"

enum {
	GREEDY_PART = 4,  /* a source is greedy when it has a quarter of all connections */
	EVICTED_PART = 2, /* half of its connections are ended */
};

/* A connection, while the greediest source is searched. */
struct candidate {
	struct ls_ip source;
	uint64_t heard_ns;
	struct httpd_connection *conn; /* NULL: it was detached */
};

/* Orders by source. Within a source, the longest silent comes first and detached ones come last. */
static int order(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int r = ls_ip_compare(&a->source, &b->source);

	if (r != 0)
		return r;
	if (!a->conn != !b->conn)
		return a->conn ? -1 : 1;
	if (a->heard_ns != b->heard_ns)
		return a->heard_ns < b->heard_ns ? -1 : 1;
	return 0;
}

static size_t count(const struct ls_list *list)
{
	size_t n = 0;

	LS_LIST_EACH (it, list)
		n++;
	return n;
}

/* All connections of the front in the order of order(). The caller frees the array; NULL when out
 * of memory. */
static struct candidate *look_at_all(struct httpd *httpd, size_t *ret_count)
{
	struct candidate *all;
	size_t n = 0;

	*ret_count = 0;
	(void)pthread_mutex_lock(&httpd->lock);
	all = ls_try_array(count(&httpd->connections) + count(&httpd->detached) + 1, sizeof(*all));
	if (all) {
		LS_LIST_EACH (it, &httpd->detached)
			all[n++].source = LS_CONTAINER(it, struct httpd_detached, link)->source;
	}
	(void)pthread_mutex_unlock(&httpd->lock);
	if (!all)
		return NULL;
	LS_LIST_EACH (it, &httpd->connections) {
		struct httpd_connection *conn = LS_CONTAINER(it, struct httpd_connection, link);

		all[n++] = (struct candidate){
		        .source = conn->source, .heard_ns = conn->heard_ns, .conn = conn};
	}
	qsort(all, n, sizeof(*all), order);
	*ret_count = n;
	return all;
}

/* Finds the source with the most connections, proxies left out. Returns how many it has. */
static size_t find_greediest(const struct candidate *all, size_t count, size_t *ret_start)
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

size_t httpd_evict_greediest(struct httpd *httpd, const struct ls_ip *newcomer,
                             struct ls_ip *ret_source)
{
	size_t count, start = 0, held, evicted = 0;
	struct candidate *all = look_at_all(httpd, &count);

	*ret_source = (struct ls_ip){0};
	held = find_greediest(all, count, &start);
	if (held * GREEDY_PART < count || held < EVICTED_PART)
		held = 0;
	else
		*ret_source = all[start].source;
	if (httpd_evict_is_from(ret_source, newcomer))
		held = 0;
	for (; evicted < held / EVICTED_PART && all[start + evicted].conn; evicted++)
		httpd_connection_kill(all[start + evicted].conn);
	free(all);
	return evicted;
}

bool httpd_evict_is_from(const struct ls_ip *source, const struct ls_ip *ip)
{
	struct ls_ip whole = ls_ip_source(ip);

	return ls_ip_equal(source, &whole);
}
