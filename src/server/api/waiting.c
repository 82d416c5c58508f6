/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/waiting.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

/* Calls that all wait equally long, so the first one is the next. */
struct lane {
	struct waiting *waiting;
	struct event *timer;
	unsigned wait_ms;
	struct ls_list calls; /* struct call.waiting */
};

struct waiting {
	struct server *server;
	struct lane usual;
	struct lane hurried; /* their clients have probably gone, or the server stops */
};

static struct call *call_of(struct ls_list *link)
{
	return LS_CONTAINER(link, struct call, waiting);
}

static void append(struct lane *lane, struct call *call)
{
	const struct timeval wait = {.tv_sec = lane->wait_ms / 1000};

	call->waits_until_ns = ls_now_ns() + lane->wait_ms * LS_NS_PER_MS;
	if (ls_list_empty(&lane->calls))
		(void)event_add(lane->timer, &wait);
	ls_list_append(&lane->calls, &call->waiting);
}

static const char *reason(const struct waiting *waiting)
{
	struct store *store = state_store(waiting->server->state);
	struct store_status status;

	store->ops->status(store, &status);
	return status.failure == -EBUSY ? "another program holds the server's database locked"
	                                : "the server's storage is too slow";
}

static void refuse(struct lane *lane, struct call *call)
{
	struct server_counts *counts = &lane->waiting->server->counts;
	struct ls_fail fail;

	if (lane == &lane->waiting->hurried && !lane->waiting->server->stopping)
		counts->left++;
	else
		counts->waited_too_long++;
	(void)ls_fail_set(&fail, -EBUSY, "%s; nothing was changed; try again later",
	                  reason(lane->waiting));
	api_call_send(call, fail.code, &fail);
}

static void give_up(struct waiting *waiting, struct call *call)
{
	struct ls_fail fail;

	waiting->server->counts.unknown_end++;
	(void)ls_fail_set(&fail, -ETIMEDOUT,
	                  "%s; nobody knows yet if this was done; look before you repeat it",
	                  reason(waiting));
	api_call_send_early(call, fail.code, &fail);
}

static void run_out(struct lane *lane, struct call *call)
{
	if (!call->withdraw) {
		api_waiting_end(call);
		give_up(lane->waiting, call);
	} else if (call->withdraw(call)) {
		api_waiting_end(call);
		refuse(lane, call);
	} else {
		call->withdraw = NULL;
		ls_list_remove(&call->waiting);
		append(&lane->waiting->usual, call);
	}
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct lane *lane = arg;
	uint64_t now = ls_now_ns(), next_us;
	struct timeval wait;

	(void)fd;
	(void)what;
	while (!ls_list_empty(&lane->calls) && call_of(lane->calls.next)->waits_until_ns <= now)
		run_out(lane, call_of(lane->calls.next));
	if (ls_list_empty(&lane->calls))
		return;
	next_us = (call_of(lane->calls.next)->waits_until_ns - now) / LS_NS_PER_US + 1;
	wait = (struct timeval){.tv_sec = (time_t)(next_us / 1000000),
	                        .tv_usec = (suseconds_t)(next_us % 1000000)};
	(void)event_add(lane->timer, &wait);
}

static void hurry(struct call *call)
{
	if (!call->withdraw)
		return;
	ls_list_remove(&call->waiting);
	append(&call->server->waiting->hurried, call);
}

/* The client has closed the connection, or only its half of it: then it still waits. So what it
 * asked for gets some time, which is enough unless something is wrong with the store. */
static void on_half_closed(struct call *call)
{
	call->half_closed = NULL;
	hurry(call);
}

/* Taken back, or kept until the store has ended it. */
static void on_gone(struct call *call)
{
	const struct ls_fail fail = {.text = "the client has gone"};
	bool back = call->withdraw && call->withdraw(call);

	api_waiting_end(call);
	if (!back)
		return;
	call->server->counts.left++;
	api_call_send(call, LS_ERROR_UNREACHABLE, &fail);
}

static bool lane_init(struct lane *lane, struct waiting *waiting, unsigned wait_ms)
{
	lane->waiting = waiting;
	lane->wait_ms = wait_ms;
	lane->timer = event_new(waiting->server->base, -1, 0, on_time, lane);
	ls_list_init(&lane->calls);
	return lane->timer != NULL;
}

static void lane_done(struct lane *lane)
{
	assert(ls_list_empty(&lane->calls));
	if (lane->timer)
		event_free(lane->timer);
}

struct waiting *api_waiting_new(struct server *server)
{
	struct waiting *waiting = ls_new(struct waiting);
	bool usual, hurried;

	waiting->server = server;
	usual = lane_init(&waiting->usual, waiting, WAITING_S * 1000);
	hurried = lane_init(&waiting->hurried, waiting, WAITING_HURRIED_S * 1000);
	if (!usual || !hurried) {
		api_waiting_free(waiting);
		return NULL;
	}
	return waiting;
}

void api_waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	lane_done(&waiting->usual);
	lane_done(&waiting->hurried);
	free(waiting);
}

void api_waiting_add(struct call *call, bool (*withdraw)(struct call *call))
{
	call->withdraw = withdraw;
	call->gone = on_gone;
	call->half_closed = on_half_closed;
	append(call->server->stopping ? &call->server->waiting->hurried
	                              : &call->server->waiting->usual,
	       call);
}

void api_waiting_hurry(struct waiting *waiting)
{
	LS_LIST_EACH_SAFE (it, tmp, &waiting->usual.calls)
		hurry(call_of(it));
}

void api_waiting_end(struct call *call)
{
	ls_list_remove(&call->waiting);
	call->withdraw = NULL;
	call->gone = NULL;
	call->half_closed = NULL;
}
