/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats and long-polls against a real HTTP server on loopback, in the same loop. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "agent/uplink.h"
#include "base/clock.h"
#include "base/str.h"

static const char netmap_text[] =
        "{\"network\":{\"id\":\"n\",\"name\":\"n\",\"overlay_v4\":\"100.64.0.0/24\","
        "\"overlay_v6\":\"fd00::/48\",\"dns_domain\":\"n.lightscale\"},"
        "\"node\":{\"id\":\"%s\",\"name\":\"me\",\"dns_name\":\"me.n.lightscale\","
        "\"ipv4\":\"100.64.0.10\",\"ipv6\":\"fd00::a\","
        "\"wg_public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\","
        "\"machine_public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\","
        "\"endpoints\":[],\"tags\":[],\"routes\":[],\"last_seen\":0},"
        "\"peers\":[],\"relay\":null,\"generated_at\":1,\"revision\":%u}";

struct world {
	struct event_base *base;
	struct evhttp *http;
	uint16_t port;
	unsigned revision;     /* what the server has */
	int status;            /* of heartbeats; 200, or an error */
	bool longpoll_at_once; /* answers without waiting for news */
	unsigned heartbeats, longpolls;
	unsigned since;              /* of the last long-poll */
	struct evhttp_request *held; /* the waiting long-poll */
	struct evhttp_request *late; /* the heartbeat that is answered later */
	bool delay_heartbeat;
	struct uplink *link;
	struct control_url_list urls;
	unsigned netmaps, reached, answered, failures;
	uint64_t netmap_ns; /* when the last netmap came through */
	uint64_t asked_ns;  /* of the last answer */
	uint64_t seen;      /* revision of the last netmap that came through */
	int code;
	uint32_t refused;
	const char *id; /* in netmaps; NULL: this node's */
};

static void answer_as(const char *id, struct evhttp_request *request, int status, const char *wrap,
                      unsigned revision)
{
	struct evbuffer *out = evbuffer_new();
	struct ls_buf text = {0};

	if (status == 200) {
		ls_buf_puts(&text, wrap ? "{\"netmap\":" : "");
		ls_buf_printf(&text, netmap_text, id, revision);
		ls_buf_puts(&text, wrap ? "}" : "");
	} else {
		ls_buf_puts(&text, "{\"error\":\"told off\"}");
	}
	evbuffer_add(out, text.data, text.len);
	evhttp_send_reply(request, status, NULL, out);
	evbuffer_free(out);
	ls_buf_done(&text);
}

static void answer(struct evhttp_request *request, int status, const char *wrap, unsigned revision)
{
	answer_as("me", request, status, wrap, revision);
}

static void serve_heartbeat(struct evhttp_request *request, void *arg)
{
	struct world *w = arg;

	w->heartbeats++;
	if (w->delay_heartbeat)
		w->late = request;
	else
		answer_as(w->id ? w->id : "me", request, w->status, "netmap", w->revision);
}

static void forget_held(struct evhttp_connection *conn, void *arg)
{
	struct world *w = arg;

	(void)conn;
	w->held = NULL;
}

static void serve_longpoll(struct evhttp_request *request, void *arg)
{
	struct world *w = arg;
	const char *since = strstr(evhttp_request_get_uri(request), "since=");

	w->longpolls++;
	assert_non_null(since);
	w->since = (unsigned)strtoul(since + 6, NULL, 10);
	if (w->revision > w->since || w->longpoll_at_once) {
		answer(request, 200, NULL, w->revision);
		return;
	}
	w->held = request;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), forget_held, w);
}

static void change(struct world *w, unsigned revision)
{
	struct evhttp_request *request = w->held;

	w->revision = revision;
	if (!request)
		return;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	w->held = NULL;
	answer(request, 200, NULL, w->revision);
}

static void start_server(struct world *w)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	w->http = evhttp_new(w->base);
	bound = evhttp_bind_socket_with_handle(w->http, "127.0.0.1", w->port);
	assert_non_null(bound);
	evhttp_set_cb(w->http, "/v1/heartbeat", serve_heartbeat, w);
	evhttp_set_cb(w->http, "/v1/netmap/me/longpoll", serve_longpoll, w);
	assert_int_equal(
	        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&sin, &len), 0);
	w->port = ntohs(sin.sin_port);
}

static void stop_server(struct world *w)
{
	if (w->http)
		evhttp_free(w->http);
	w->http = NULL;
	w->held = w->late = NULL;
}

static json_t *make_heartbeat(void *arg)
{
	(void)arg;
	return json_pack("{s:s}", "node_id", "me");
}

static void on_reachable(void *arg, const struct control_url *url)
{
	struct world *w = arg;

	assert_string_equal(url->text, w->urls.items[0].text);
	w->reached++;
}

/* Of each answer, before its netmap, whether that counts or not. */
static void on_answered(void *arg, uint64_t asked_ns)
{
	struct world *w = arg;

	assert_true(w->reached > 0);
	assert_true(w->answered >= w->netmaps);
	w->answered++;
	w->asked_ns = asked_ns;
}

static void on_failed(void *arg, const struct control_answer *answered, unsigned retry_ms)
{
	struct world *w = arg;

	assert_in_range(retry_ms, 0, 80);
	w->code = answered->code;
	w->refused = answered->refused;
	w->failures++;
}

static void on_netmap(void *arg, struct netmap *netmap, const struct control_url *url)
{
	struct world *w = arg;

	assert_string_equal(url->text, w->urls.items[0].text);

	w->netmaps++;
	w->netmap_ns = ls_now_ns();
	w->seen = netmap->revision;
	proto_netmap_free(netmap);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct uplink_handler handler = {.heartbeat = make_heartbeat,
	                                       .reachable = on_reachable,
	                                       .answered = on_answered,
	                                       .failed = on_failed,
	                                       .netmap = on_netmap,
	                                       .arg = w};
	struct uplink_options options = {.urls = &w->urls,
	                                 .node_id = "me",
	                                 .token = "secret",
	                                 .heartbeat_interval_ms = 60000,
	                                 .longpoll_timeout_s = 30,
	                                 .request_timeout_ms = 5000,
	                                 .backoff_first_ns = 20 * LS_NS_PER_MS,
	                                 .backoff_cap_ns = 80 * LS_NS_PER_MS};
	char url[64];

	w->base = event_base_new();
	w->revision = 7;
	w->status = 200;
	start_server(w);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", w->port);
	assert_int_equal(control_url_list_add(&w->urls, url, NULL), 0);
	w->link = agent_uplink_new(w->base, &options, &handler);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	agent_uplink_free(w->link);
	stop_server(w);
	for (int i = 0; i < 3; i++)
		(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	control_url_list_done(&w->urls);
	event_base_free(w->base);
	free(w);
	return 0;
}

/* Turns the loop until the condition holds. */
#define UNTIL(w, condition)                                                                        \
	do {                                                                                       \
		uint64_t end_ = ls_now_ns() + 10 * LS_NS_PER_S;                                    \
		while (!(condition)) {                                                             \
			if (ls_now_ns() > end_)                                                    \
				fail_msg("not within 10 s: %s", #condition);                       \
			(void)event_base_loop((w)->base, EVLOOP_ONCE);                             \
		}                                                                                  \
	} while (0)

static void heartbeat_then_longpoll(void **state)
{
	struct world *w = *state;

	UNTIL(w, w->held);
	assert_int_equal(w->heartbeats, 1);
	assert_int_equal(w->netmaps, 1);
	assert_int_equal(w->reached, 1);
	assert_int_equal(w->since, 7);
	change(w, 8);
	UNTIL(w, w->seen == 8 && w->held);
	assert_int_equal(w->since, 8);
	assert_int_equal(w->heartbeats, 1);
	agent_uplink_kick(w->link);
	UNTIL(w, w->heartbeats == 2 && w->netmaps == 3);
	assert_int_equal(w->answered, 3);
	assert_int_equal(w->longpolls, 2);
}

static void a_restored_server_is_believed(void **state)
{
	struct world *w = *state;

	UNTIL(w, w->held);
	change(w, 3);
	UNTIL(w, w->seen == 3 && w->held);
	assert_int_equal(w->since, 3);
}

/* The heartbeat was asked before the change, and is answered after it. */
static void a_late_answer_is_not(void **state)
{
	struct world *w = *state;
	struct evhttp_request *late;

	UNTIL(w, w->held);
	w->delay_heartbeat = true;
	agent_uplink_kick(w->link);
	UNTIL(w, w->late);
	change(w, 9);
	UNTIL(w, w->seen == 9 && w->held);
	late = w->late;
	w->late = NULL;
	answer(late, 200, "netmap", 7);
	UNTIL(w, w->answered == 3);
	assert_true(w->asked_ns < w->netmap_ns);
	w->delay_heartbeat = false;
	agent_uplink_kick(w->link);
	UNTIL(w, w->heartbeats == 3 && w->netmaps == 3);
	assert_int_equal(w->answered, 4);
	assert_true(w->asked_ns <= w->netmap_ns);
	assert_int_equal(w->seen, 9);
}

static void an_early_longpoll_is_paced(void **state)
{
	struct world *w = *state;
	uint64_t begin;

	w->longpoll_at_once = true;
	UNTIL(w, w->longpolls == 1);
	begin = ls_now_ns();
	UNTIL(w, w->longpolls == 2);
	assert_true(ls_now_ns() - begin > 900 * LS_NS_PER_MS);
}

static void comes_back_after_an_outage(void **state)
{
	struct world *w = *state;

	UNTIL(w, w->held);
	stop_server(w);
	UNTIL(w, w->failures >= 5);
	assert_int_equal(w->code, LS_ERROR_UNREACHABLE);
	assert_int_equal(w->reached, 1);
	start_server(w);
	w->revision = 11;
	UNTIL(w, w->seen == 11 && w->held);
	assert_int_equal(w->reached, 2);
}

static void an_unknown_node_goes_on_asking(void **state)
{
	struct world *w = *state;

	UNTIL(w, w->held);
	w->status = 404;
	agent_uplink_kick(w->link);
	UNTIL(w, w->failures >= 3);
	assert_int_equal(w->code, LS_ERROR_NOT_FOUND);
	assert_int_equal(w->refused, 1);
	assert_int_equal(w->longpolls, 1);
	w->status = 200;
	UNTIL(w, w->reached == 2 && w->longpolls == 2);
}

/* A 200 with the netmap of another node comes from another one's server. */
static void another_nodes_netmap_is_a_failure(void **state)
{
	struct world *w = *state;

	UNTIL(w, w->held);
	w->id = "you";
	agent_uplink_kick(w->link);
	UNTIL(w, w->failures >= 2);
	assert_int_equal(w->code, LS_ERROR_REMOTE);
	assert_int_equal(w->refused, 0);
	assert_int_equal(w->netmaps, 1);
	w->id = NULL;
	UNTIL(w, w->netmaps >= 2 && w->reached == 2);
}

static void a_restart_gives_up_what_hangs(void **state)
{
	struct world *w = *state;

	UNTIL(w, w->held);
	w->delay_heartbeat = true;
	agent_uplink_kick(w->link);
	UNTIL(w, w->late);
	w->delay_heartbeat = false;
	agent_uplink_restart(w->link);
	UNTIL(w, w->heartbeats == 3 && w->longpolls == 2);
	assert_int_equal(w->netmaps, 2);
	assert_int_equal(w->failures, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(heartbeat_then_longpoll),
	        TEST(a_restored_server_is_believed),
	        TEST(a_late_answer_is_not),
	        TEST(an_early_longpoll_is_paced),
	        TEST(comes_back_after_an_outage),
	        TEST(an_unknown_node_goes_on_asking),
	        TEST(another_nodes_netmap_is_a_failure),
	        TEST(a_restart_gives_up_what_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
