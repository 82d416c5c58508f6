/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/surroundings.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apply/facts.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "netlink/rtnl.h"
#include "netlink/watch.h"

enum {
	WATCHED = 1 << (RTNLGRP_IPV4_IFADDR - 1) | 1 << (RTNLGRP_IPV6_IFADDR - 1) |
	          1 << (RTNLGRP_IPV4_ROUTE - 1) | 1 << (RTNLGRP_IPV6_ROUTE - 1) |
	          1 << (RTNLGRP_IPV4_RULE - 1) | 1 << (RTNLGRP_IPV6_RULE - 1),
	SETTLE_MS = 1000, /* an address, routes and name servers come one after the other */
	PAUSE_MS = 10000, /* between two calls: a router's routes change all the time */
};

struct surroundings {
	char interface[IF_NAMESIZE];
	void (*changed)(void *arg);
	void *arg;
	int fd;
	struct event *watch;
	struct event *timer;
	uint64_t called_ns; /* 0: never */
	uint64_t name_servers;
};

struct reading {
	uint32_t own_link; /* 0: the tunnel is not there */
	bool concerns;
};

/* Routes that the kernel makes come with addresses. */
static void note_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(nlh);
	const struct rtmsg *route = mnl_nlmsg_get_payload(nlh);
	struct reading *reading = arg;

	switch (nlh->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		reading->concerns |= mnl_nlmsg_get_payload_len(nlh) >= sizeof(*address) &&
		                     address->ifa_index != reading->own_link;
		return;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		reading->concerns |= mnl_nlmsg_get_payload_len(nlh) >= sizeof(*route) &&
		                     route->rtm_protocol != RTPROT_KERNEL &&
		                     route->rtm_protocol != RTNL_PROTOCOL;
		return;
	default:
		reading->concerns = true;
	}
}

static void schedule(struct surroundings *s)
{
	uint64_t since_ms = (ls_now_ns() - s->called_ns) / LS_NS_PER_MS, ms = SETTLE_MS;
	struct timeval wait;

	if (event_pending(s->timer, EV_TIMEOUT, NULL))
		return;
	if (s->called_ns != 0 && since_ms + SETTLE_MS < PAUSE_MS)
		ms = PAUSE_MS - since_ms;
	wait = (struct timeval){.tv_sec = (time_t)(ms / 1000),
	                        .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
	(void)event_add(s->timer, &wait);
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct surroundings *s = arg;
	struct reading reading = {.own_link = if_nametoindex(s->interface)};
	bool lost = nl_watch_read((int)fd, note_message, &reading);

	(void)what;
	if (lost || reading.concerns)
		schedule(s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct surroundings *s = arg;

	(void)fd;
	(void)what;
	s->called_ns = ls_now_ns();
	s->changed(s->arg);
}

int agent_surroundings_open(struct event_base *base, const char *interface,
                            void (*changed)(void *arg), void *arg, struct surroundings **ret,
                            struct ls_fail *fail)
{
	struct surroundings *s = ls_new(struct surroundings);

	(void)snprintf(s->interface, sizeof(s->interface), "%s", interface);
	s->changed = changed;
	s->arg = arg;
	s->name_servers = apply_facts_name_servers_stamp();
	s->timer = event_new(base, -1, 0, on_timer, s);
	s->fd = nl_watch_open(WATCHED);
	if (s->fd >= 0)
		s->watch = event_new(base, s->fd, EV_READ | EV_PERSIST, on_watch, s);
	if (!s->timer || !s->watch || event_add(s->watch, NULL) < 0) {
		int r = s->fd < 0 ? s->fd : -ENOMEM;

		agent_surroundings_close(s);
		return ls_fail_set(fail, r, "cannot watch this host's routes: %s", ls_strerror(r));
	}
	*ret = s;
	return 0;
}

void agent_surroundings_close(struct surroundings *s)
{
	if (!s)
		return;
	if (s->watch)
		event_free(s->watch);
	if (s->timer)
		event_free(s->timer);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s);
}

void agent_surroundings_tick(struct surroundings *s)
{
	uint64_t stamp = apply_facts_name_servers_stamp();

	if (stamp == s->name_servers)
		return;
	s->name_servers = stamp;
	schedule(s);
}
