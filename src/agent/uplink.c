/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uplink.h"

#include <event2/event.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fetch.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/once.h"
#include "base/str.h"
#include "control/backoff.h"
#include "control/failover.h"
#include "crypto/keys.h"
#include "proto/heartbeat.h"
#include "proto/limits.h"

enum {
	LONGPOLL_MARGIN_MS = 10000, /* time for an answer after the server's own timeout */
	LONGPOLL_PAUSE_MS = 1000,   /* after an answer that came early without news */
	QUERY_MAX = 64,
	WARNINGS_MAX = 64 << 10,
};

struct uplink {
	struct uplink_options options; /* pointers are not used after agent_uplink_new */
	struct uplink_handler handler;
	struct control_failover *failover;
	char *node_id;
	char path[PROTO_PATH_MAX]; /* of long-polls, without the query; "": none, because of a bad
	                              node id */
	char *token;
	struct control_call *heartbeat; /* running; NULL: none */
	struct control_call *longpoll;
	struct netmap *heartbeat_netmap; /* of the answer that is being delivered */
	struct netmap *longpoll_netmap;
	struct event *heartbeat_timer; /* pending while no heartbeat is running */
	struct event *longpoll_timer;
	uint64_t heartbeat_ns; /* start of the running heartbeat */
	uint64_t longpoll_ns;
	struct backoff backoff;
	struct backoff longpoll_backoff;
	struct ls_once said_warning; /* of the server */
	bool up;                     /* the last heartbeat was answered */
	bool again;                  /* send another heartbeat after this one */
	char url[CONTROL_URL_TEXT];  /* the server that answered last */
	bool has_netmap;
	uint64_t revision;  /* revision of the last netmap */
	uint64_t netmap_ns; /* time when it came */
};

static void set_timer(struct event *timer, uint64_t ms)
{
	const struct timeval wait = {.tv_sec = (time_t)(ms / 1000),
	                             .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(timer, &wait);
}

static uint64_t jittered_ms(unsigned interval_ms)
{
	return interval_ms - randombytes_uniform(interval_ms / 10 + 1);
}

static void note_answer(struct uplink *link, const struct control_answer *answer, uint64_t asked_ns)
{
	if (!link->up || !ls_streq(link->url, answer->url->text)) {
		memcpy(link->url, answer->url->text, sizeof(link->url));
		link->up = true;
		control_backoff_reset(&link->backoff);
		link->handler.reachable(link->handler.arg, answer->url);
	}
	ls_debug("control.answered", "url=%s ms=%" PRIu64, answer->url->text,
	         (ls_now_ns() - asked_ns) / LS_NS_PER_MS);
	link->handler.answered(link->handler.arg, asked_ns);
}

/* Takes over the netmap; drops it if it is older than the last one (uplink.h). */
static void deliver(struct uplink *link, struct netmap *netmap, uint64_t asked_ns,
                    const struct control_url *url)
{
	if (link->has_netmap && asked_ns < link->netmap_ns && netmap->revision <= link->revision) {
		proto_netmap_free(netmap);
		return;
	}
	link->has_netmap = true;
	link->revision = netmap->revision;
	link->netmap_ns = ls_now_ns();
	link->handler.netmap(link->handler.arg, netmap, url);
}

/* --- long-poll --- */

static int check_longpoll(void *arg, const json_t *body, struct ls_fail *fail)
{
	struct uplink *link = arg;
	struct netmap *netmap;
	int r = proto_netmap_decode(body, &netmap, fail);

	return r < 0 ? r
	             : agent_fetch_check_own(netmap, link->node_id, &link->longpoll_netmap, fail);
}

static void on_longpoll(void *arg, const struct control_answer *answer)
{
	struct uplink *link = arg;
	uint64_t now = ls_now_ns();
	uint64_t since = link->revision;
	bool early = now - link->longpoll_ns < LONGPOLL_PAUSE_MS * LS_NS_PER_MS;
	struct netmap *netmap;

	link->longpoll = NULL;
	/* The heartbeat finds out whether the server can be reached, and reports the failure. */
	if (answer->code < 0) {
		uint64_t wait = control_backoff_next(&link->longpoll_backoff, randombytes_random());

		set_timer(link->longpoll_timer, wait / LS_NS_PER_MS);
		agent_uplink_kick(link);
		return;
	}
	control_backoff_reset(&link->longpoll_backoff);
	note_answer(link, answer, link->longpoll_ns);
	netmap = LS_STEAL(link->longpoll_netmap);
	early = early && netmap->revision <= since;
	deliver(link, netmap, link->longpoll_ns, answer->url);
	set_timer(link->longpoll_timer, early ? LONGPOLL_PAUSE_MS : 0);
}

static void start_longpoll(struct uplink *link)
{
	char path[PROTO_PATH_MAX + QUERY_MAX];
	struct control_request request;

	if (link->path[0] == '\0')
		return;
	(void)snprintf(path, sizeof(path), "%s?since=%" PRIu64 "&timeout_seconds=%u", link->path,
	               link->revision, link->options.longpoll_timeout_s);
	request = control_request_to(PROTO_ENDPOINT_LONGPOLL, path);
	request.token = link->token;
	request.timeout_ms = link->options.longpoll_timeout_s * 1000 + LONGPOLL_MARGIN_MS;
	request.check = check_longpoll;
	request.check_arg = link;
	link->longpoll_ns = ls_now_ns();
	link->longpoll = control_failover_start(link->failover, &request, on_longpoll, link);
}

static void on_longpoll_timer(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;

	(void)fd;
	(void)what;
	if (link->up && !link->longpoll)
		start_longpoll(link);
}

static void stop_longpoll(struct uplink *link)
{
	(void)event_del(link->longpoll_timer);
	control_call_cancel(link->longpoll);
	link->longpoll = NULL;
}

/* --- heartbeat --- */

/* Logs what the server says of this node, once until it says something else. */
static void log_warnings(struct uplink *link, const json_t *body)
{
	struct ls_arena *arena = ls_arena_new(WARNINGS_MAX);
	struct ls_buf text = {0};
	struct string_list warnings;

	if (!arena)
		return;
	warnings = proto_answer_warnings(body, arena);
	for (size_t i = 0; i < warnings.count; i++)
		ls_buf_printf(&text, "%s%s", i > 0 ? "; " : "", warnings.items[i]);
	ls_arena_free(arena);
	if (!text.failed && ls_once_news_text(&link->said_warning, ls_buf_text(&text)))
		ls_warn("control.warning", "text=\"%.1000s\"", ls_buf_text(&text));
	ls_buf_done(&text);
}

static int check_heartbeat(void *arg, const json_t *body, struct ls_fail *fail)
{
	struct uplink *link = arg;
	struct netmap *netmap;
	int r = proto_heartbeat_answer_decode(body, &netmap, fail);

	if (r == 0)
		log_warnings(link, body);
	return r < 0 ? r
	             : agent_fetch_check_own(netmap, link->node_id, &link->heartbeat_netmap, fail);
}

static void heartbeat_failed(struct uplink *link, const struct control_answer *answer)
{
	uint64_t wait_ms =
	        control_backoff_next(&link->backoff, randombytes_random()) / LS_NS_PER_MS;

	link->up = false;
	link->again = false;
	stop_longpoll(link);
	set_timer(link->heartbeat_timer, wait_ms);
	link->handler.failed(link->handler.arg, answer, (unsigned)wait_ms);
}

static void on_heartbeat(void *arg, const struct control_answer *answer)
{
	struct uplink *link = arg;

	link->heartbeat = NULL;
	if (answer->code < 0) {
		heartbeat_failed(link, answer);
		return;
	}
	note_answer(link, answer, link->heartbeat_ns);
	set_timer(link->heartbeat_timer,
	          link->again ? 0 : jittered_ms(link->options.heartbeat_interval_ms));
	link->again = false;
	deliver(link, LS_STEAL(link->heartbeat_netmap), link->heartbeat_ns, answer->url);
	if (!link->longpoll && !event_pending(link->longpoll_timer, EV_TIMEOUT, NULL))
		start_longpoll(link);
}

static void start_heartbeat(struct uplink *link)
{
	json_t *body = link->handler.heartbeat(link->handler.arg);
	struct control_request request = control_request_to(PROTO_ENDPOINT_HEARTBEAT, NULL);

	if (!body) {
		set_timer(link->heartbeat_timer, link->options.heartbeat_interval_ms);
		return;
	}
	(void)event_del(link->heartbeat_timer);
	link->again = false;
	link->heartbeat_ns = ls_now_ns();
	ls_debug("control.heartbeat", "url=%s", control_failover_current(link->failover)->text);
	request.body = body;
	request.token = link->token;
	request.timeout_ms = link->options.request_timeout_ms;
	request.check = check_heartbeat;
	request.check_arg = link;
	link->heartbeat = control_failover_start(link->failover, &request, on_heartbeat, link);
	json_decref(body);
}

static void on_heartbeat_timer(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;

	(void)fd;
	(void)what;
	if (!link->heartbeat)
		start_heartbeat(link);
}

/* --- the link --- */

static void set_node(struct uplink *link, const char *node_id)
{
	const char *const params[PROTO_ENDPOINT_PARAMS_MAX] = {node_id};

	free(link->node_id);
	link->node_id = ls_strdup(node_id);
	/* If the id cannot be part of a path, the server will say so in its answer to the
	 * heartbeat. */
	if (proto_endpoint_path(PROTO_ENDPOINT_LONGPOLL, params, link->path, NULL) < 0)
		link->path[0] = '\0';
}

struct uplink *agent_uplink_new(struct event_base *base, const struct uplink_options *options,
                                const struct uplink_handler *handler)
{
	struct uplink *link = ls_new(struct uplink);

	link->options = *options;
	link->handler = *handler;
	link->failover = control_failover_new(base, options->urls, options->trust, options->known);
	set_node(link, options->node_id);
	link->token = options->token ? ls_strdup(options->token) : NULL;
	control_backoff_init(&link->backoff, options->backoff_first_ns, options->backoff_cap_ns);
	control_backoff_init(&link->longpoll_backoff, options->backoff_first_ns,
	                     options->backoff_cap_ns);
	link->heartbeat_timer = event_new(base, -1, 0, on_heartbeat_timer, link);
	link->longpoll_timer = event_new(base, -1, 0, on_longpoll_timer, link);
	if (!link->heartbeat_timer || !link->longpoll_timer)
		abort(); /* small fixed objects: out of memory */
	set_timer(link->heartbeat_timer, 0);
	return link;
}

void agent_uplink_free(struct uplink *link)
{
	if (!link)
		return;
	control_failover_free(link->failover); /* frees its calls, too */
	event_free(link->heartbeat_timer);
	event_free(link->longpoll_timer);
	key_free_string(link->token);
	free(link->node_id);
	free(link);
}

void agent_uplink_kick(struct uplink *link)
{
	if (link->heartbeat)
		link->again = true;
	else
		set_timer(link->heartbeat_timer, 0);
}

void agent_uplink_restart(struct uplink *link)
{
	stop_longpoll(link);
	control_call_cancel(link->heartbeat);
	link->heartbeat = NULL;
	link->up = false;
	control_backoff_reset(&link->backoff);
	set_timer(link->heartbeat_timer, 0);
}

void agent_uplink_set_node(struct uplink *link, const char *node_id)
{
	set_node(link, node_id);
	link->has_netmap = false;
	link->revision = 0;
	agent_uplink_restart(link);
}

void agent_uplink_set_token(struct uplink *link, const char *token)
{
	if (ls_streq(link->token, token))
		return;
	key_free_string(link->token);
	link->token = token ? ls_strdup(token) : NULL;
}
