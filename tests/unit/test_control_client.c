/* SPDX-License-Identifier: Apache-2.0 */
/* The client and its failover against real HTTP servers on loopback, in the same loop. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "base/clock.h"
#include "control/failover.h"
#include "profile/known.h"

enum {
	SERVERS = 3
};

struct server {
	struct evhttp *http;
	uint16_t port;
	int status; /* what it answers; 0: never answers; -1: drops the connection */
	const char *body;
	int requests;
	int connections;
	char path[128];
	char authorization[64];
	char sent[128];
	char host[64];
	struct evhttp_connection *last;
	struct evhttp_request *held;
};

struct world {
	struct event_base *base;
	struct server servers[SERVERS];
	struct control_url_list urls;
	struct control_failover *failover;
	struct control_client *client;
	struct known_hosts known;
	int done;
	int wanted;
	struct control_answer answer;
	char answered_by[CONTROL_URL_TEXT];
	char text[64]; /* of {"text": ...} */
};

static void copy_header(struct evhttp_request *request, const char *name, char *buf, size_t size)
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);

	(void)snprintf(buf, size, "%s", value ? value : "");
}

static void serve(struct evhttp_request *request, void *arg)
{
	struct server *server = arg;
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	struct evhttp_connection *conn = evhttp_request_get_connection(request);
	struct evbuffer *out;
	size_t len = evbuffer_get_length(in);

	server->requests++;
	if (conn != server->last)
		server->connections++;
	server->last = conn;
	(void)snprintf(server->path, sizeof(server->path), "%s", evhttp_request_get_uri(request));
	copy_header(request, "Authorization", server->authorization, sizeof(server->authorization));
	copy_header(request, "Host", server->host, sizeof(server->host));
	assert_true(len < sizeof(server->sent));
	assert_int_equal(evbuffer_copyout(in, server->sent, len), len);
	server->sent[len] = '\0';
	if (server->status == 0) {
		server->held = request;
		return;
	}
	if (server->status == -1) {
		evhttp_connection_free(conn);
		server->last = NULL;
		return;
	}
	out = evbuffer_new();
	evbuffer_add(out, server->body, strlen(server->body));
	evhttp_send_reply(request, server->status, NULL, out);
	evbuffer_free(out);
}

static void start_server(struct world *w, struct server *server)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	server->http = evhttp_new(w->base);
	server->status = 200;
	server->body = "{\"text\":\"hello\"}";
	bound = evhttp_bind_socket_with_handle(server->http, "127.0.0.1", server->port);
	assert_non_null(bound);
	evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
	                                                 EVHTTP_REQ_DELETE);
	evhttp_set_gencb(server->http, serve, server);
	assert_int_equal(
	        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&sin, &len), 0);
	server->port = ntohs(sin.sin_port);
}

static void stop_server(struct server *server)
{
	if (server->http)
		evhttp_free(server->http);
	server->http = NULL;
	server->last = NULL;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct ls_fail fail;

	w->base = event_base_new();
	for (int i = 0; i < SERVERS; i++) {
		char url[64];

		start_server(w, &w->servers[i]);
		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/base", w->servers[i].port);
		assert_int_equal(control_url_list_add(&w->urls, url, &fail), 0);
	}
	w->client = control_client_new(w->base, NULL, &w->known);
	w->failover = control_failover_new(w->base, &w->urls, NULL, NULL);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	control_failover_free(w->failover);
	control_client_free(w->client);
	for (int i = 0; i < SERVERS; i++)
		stop_server(&w->servers[i]);
	for (int i = 0; i < 3; i++)
		(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	control_url_list_done(&w->urls);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void on_answer(void *arg, const struct control_answer *answer)
{
	struct world *w = arg;
	const char *text = json_string_value(json_object_get(answer->body, "text"));

	w->answer = *answer;
	(void)snprintf(w->text, sizeof(w->text), "%s", text ? text : "");
	(void)snprintf(w->answered_by, sizeof(w->answered_by), "%s", answer->url->text);
	if (++w->done == w->wanted)
		(void)event_base_loopbreak(w->base);
}

static void run(struct world *w, int wanted)
{
	const struct timeval limit = {20, 0};

	w->done = 0;
	w->wanted = wanted;
	(void)event_base_loopexit(w->base, &limit);
	(void)event_base_dispatch(w->base);
	assert_int_equal(w->done, wanted);
}

static const struct control_request get = {.path = "/v1/x?y=1", .timeout_ms = 5000};

static void ask(struct world *w, const struct control_request *request)
{
	(void)control_exchange_start(w->client, &w->urls.items[0], request, on_answer, w);
	run(w, 1);
}

static void sends_what_was_asked(void **state)
{
	struct world *w = *state;
	json_t *body = json_pack("{s:i}", "a", 1);
	const struct control_request post = {
	        .method = PROTO_POST, .path = "/v1/p", .body = body, .token = "secret"};
	char host[64];

	ask(w, &post);
	json_decref(body);
	assert_int_equal(w->answer.code, 0);
	assert_int_equal(w->answer.status, 200);
	assert_string_equal(w->text, "hello");
	assert_string_equal(w->servers[0].path, "/base/v1/p");
	assert_string_equal(w->servers[0].authorization, "Bearer secret");
	assert_string_equal(w->servers[0].sent, "{\"a\":1}");
	(void)snprintf(host, sizeof(host), "127.0.0.1:%u", w->servers[0].port);
	assert_string_equal(w->servers[0].host, host);
	ask(w, &get);
	assert_string_equal(w->servers[0].path, "/base/v1/x?y=1");
	assert_string_equal(w->servers[0].authorization, "");
}

/* Names are remembered with the address that answered, once a control server has answered there. */
static void remembers_where_a_name_led(void **state)
{
	struct world *w = *state;
	struct control_url_list urls = {0};
	const struct known_host *host;
	struct ls_fail fail;
	char url[64], text[LS_IP_TEXT];

	(void)snprintf(url, sizeof(url), "http://localhost:%u/base", w->servers[0].port);
	assert_int_equal(control_url_list_add(&urls, url, &fail), 0);
	w->servers[0].status = 404;
	w->servers[0].body = "<html>a captive portal</html>";
	(void)control_exchange_start(w->client, &urls.items[0], &get, on_answer, w);
	run(w, 1);
	assert_null(profile_known_find(&w->known, "localhost"));
	w->servers[0].body = "{\"error\":\"unknown node\"}";
	(void)control_exchange_start(w->client, &urls.items[0], &get, on_answer, w);
	run(w, 1);
	host = profile_known_find(&w->known, "LOCALHOST");
	assert_non_null(host);
	assert_int_equal(host->count, 1);
	assert_string_equal(ls_ip_format(&host->addresses[0], text), "127.0.0.1");
	assert_int_equal(w->known.version, 1);
	ask(w, &get); /* an address in the URL needs no memory */
	assert_int_equal(w->known.count, 1);
	control_url_list_done(&urls);
}

static const struct {
	int status;
	const char *body;
	int code;
	const char *text;
} answers[] = {
        {204, "", 0, NULL},
        {200, "", 0, NULL},
        {400, "{\"error\":\"bad name\"}", LS_ERROR_REMOTE, "400 bad name"},
        {401, "{\"error\":\"bad token\"}", LS_ERROR_AUTH, "401 bad token"},
        {401, "", LS_ERROR_REMOTE, "401 unauthorized"},
        {404, "<html>no such site</html>", LS_ERROR_REMOTE, "404 not found"},
        {404, "{}", LS_ERROR_REMOTE, "404 not found"},
        {404, "{\"error\":\"unknown node\"}", LS_ERROR_NOT_FOUND, "404 unknown node"},
        {409, "{\"error\":\"name taken\"}", LS_ERROR_CONFLICT, "409 name taken"},
        {413, "{\"error\":\"body too large\"}", LS_ERROR_LIMIT, "413 body too large"},
        {413, "{}", LS_ERROR_REMOTE, "413 request too large"},
        {500, "{\"error\":\"disk full\"}", LS_ERROR_REMOTE, "500 disk full"},
        {502, "<html>", LS_ERROR_REMOTE, "502 bad gateway"},
        {302, "moved", LS_ERROR_REMOTE, "302 redirects elsewhere, which is not followed"},
        {200, "<html>", LS_ERROR_SYNTAX, "the answer is not JSON"},
        {400, "{\"error\":\"a\\nb\"}", LS_ERROR_REMOTE, "400 a?b"},
};

static void maps_statuses(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		w->servers[0].status = answers[i].status;
		w->servers[0].body = answers[i].body;
		ask(w, &get);
		assert_int_equal(w->answer.code, answers[i].code);
		assert_int_equal(w->answer.status, answers[i].status);
		assert_int_equal(w->answer.fail.http_status,
		                 answers[i].code < 0 ? answers[i].status : 0);
		if (answers[i].text && !strstr(w->answer.fail.text, answers[i].text))
			fail_msg("%s", w->answer.fail.text);
		if (answers[i].text)
			assert_ptr_equal(strstr(w->answer.fail.text, "GET http://127.0.0.1:"),
			                 w->answer.fail.text);
	}
	/* All over one connection. */
	assert_int_equal(w->servers[0].connections, 1);
}

static void hides_secret_paths(void **state)
{
	struct world *w = *state;
	const struct control_request secret = {.path = "/v1/approve/SECRET",
	                                       .label = "/v1/approve/..."};

	w->servers[0].status = 401;
	ask(w, &secret);
	assert_null(strstr(w->answer.fail.text, "SECRET"));
	assert_non_null(strstr(w->answer.fail.text, "/base/v1/approve/...: 401"));
}

static void runs_several_at_once(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++)
		(void)control_exchange_start(w->client, &w->urls.items[0], &get, on_answer, w);
	run(w, 5);
	assert_int_equal(w->servers[0].requests, 5);
}

static void names_no_connection(void **state)
{
	struct world *w = *state;

	stop_server(&w->servers[0]);
	ask(w, &get);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_true(w->answer.unsent);
	if (!strstr(w->answer.fail.text, ": connection refused"))
		fail_msg("%s", w->answer.fail.text);
}

static void times_out(void **state)
{
	struct world *w = *state;
	const struct control_request quick = {.path = "/v1/x", .timeout_ms = 200};
	uint64_t begin = ls_now_ns();

	w->servers[0].status = 0;
	ask(w, &quick);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_false(w->answer.unsent);
	assert_non_null(strstr(w->answer.fail.text, "no answer within 0.2 s"));
	assert_in_range(ls_now_ns() - begin, 190 * LS_NS_PER_MS, 3 * LS_NS_PER_S);
}

static void names_dropped_connections(void **state)
{
	struct world *w = *state;

	w->servers[0].status = -1;
	ask(w, &get);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_false(w->answer.unsent);
	assert_non_null(strstr(w->answer.fail.text, "connection broke"));
	assert_int_equal(w->answer.fail.hint, LS_HINT_SCHEME);
}

static void survives_a_restarted_server(void **state)
{
	struct world *w = *state;

	ask(w, &get);
	stop_server(&w->servers[0]);
	start_server(w, &w->servers[0]);
	ask(w, &get);
	assert_int_equal(w->answer.code, 0);
}

static void resolves_localhost(void **state)
{
	struct world *w = *state;
	struct control_url url;
	char text[64];

	(void)snprintf(text, sizeof(text), "http://localhost:%u", w->servers[0].port);
	assert_int_equal(control_url_parse(text, &url, NULL), 0);
	(void)control_exchange_start(w->client, &url, &get, on_answer, w);
	run(w, 1);
	assert_int_equal(w->answer.code, 0);
}

/* A server without TLS on the port of an https:// URL. */
static void names_a_port_without_tls(void **state)
{
	struct world *w = *state;
	struct control_url url;
	char text[64];

	(void)snprintf(text, sizeof(text), "https://127.0.0.1:%u", w->servers[0].port);
	assert_int_equal(control_url_parse(text, &url, NULL), 0);
	(void)control_exchange_start(w->client, &url, &get, on_answer, w);
	run(w, 1);
	assert_true(w->answer.unsent);
	if (!strstr(w->answer.fail.text, "the port does not speak TLS"))
		fail_msg("%s", w->answer.fail.text);
}

static void cancels(void **state)
{
	struct world *w = *state;
	struct control_exchange *first, *second;
	struct control_url name;

	assert_int_equal(control_url_parse("http://no-such-host.invalid", &name, NULL), 0);
	w->servers[0].status = 0;
	first = control_exchange_start(w->client, &w->urls.items[0], &get, on_answer, w);
	control_exchange_cancel(first);
	first = control_exchange_start(w->client, &w->urls.items[0], &get, on_answer, w);
	while (w->servers[0].requests == 0)
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	/* One turn begins the lookup; a name server's answer needs another. */
	second = control_exchange_start(w->client, &name, &get, on_answer, w);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	control_exchange_cancel(first);
	control_exchange_cancel(second);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->done, 0);
	/* The rest is dropped by the teardown. */
	(void)control_exchange_start(w->client, &w->urls.items[0], &get, on_answer, w);
	(void)control_failover_start(w->failover, &get, on_answer, w);
}

static void ask_any(struct world *w, bool once)
{
	struct control_request request = get;

	request.method = PROTO_POST;
	request.timeout_ms = 300;
	request.once = once;
	(void)control_failover_start(w->failover, &request, on_answer, w);
	run(w, 1);
}

static void fails_over_and_remembers(void **state)
{
	struct world *w = *state;

	ask_any(w, false);
	assert_string_equal(w->answered_by, w->urls.items[0].text);
	stop_server(&w->servers[0]);
	w->servers[1].status = 503;
	ask_any(w, false);
	assert_int_equal(w->answer.code, 0);
	assert_string_equal(w->answered_by, w->urls.items[2].text);
	assert_string_equal(control_failover_current(w->failover)->text, w->urls.items[2].text);
	assert_int_equal(w->servers[1].requests, 1);
	/* The last that worked first, then from the top of the list. */
	w->servers[1].status = 200;
	ask_any(w, false);
	assert_string_equal(w->answered_by, w->urls.items[2].text);
	assert_int_equal(w->servers[1].requests, 1);
	stop_server(&w->servers[2]);
	ask_any(w, false);
	assert_string_equal(w->answered_by, w->urls.items[1].text);
}

static void refusals_do_not_fail_over(void **state)
{
	struct world *w = *state;

	w->servers[0].status = 409;
	w->servers[0].body = "{\"error\":\"name taken\"}";
	ask_any(w, false);
	assert_int_equal(w->answer.code, LS_ERROR_CONFLICT);
	assert_int_equal(w->servers[1].requests, 0);
	/* A proxy that has lost its server refuses nothing. */
	w->servers[0].status = 404;
	w->servers[0].body = "<html>";
	ask_any(w, false);
	assert_int_equal(w->answer.code, 0);
	assert_string_equal(w->answered_by, w->urls.items[1].text);
}

/* A server that does not know the node may be another one's. */
static void refusals_of_one_server_are_not_final(void **state)
{
	struct world *w = *state;
	struct control_request request = get;

	request.ask_all = true;
	request.once = true;
	w->servers[0].status = 401;
	w->servers[0].body = "{\"error\":\"unauthorized\"}";
	w->servers[1].status = 404;
	w->servers[1].body = "{\"error\":\"no such node\"}";
	(void)control_failover_start(w->failover, &request, on_answer, w);
	run(w, 1);
	assert_int_equal(w->answer.code, 0);
	assert_int_equal(w->answer.refused, 0);
	assert_string_equal(w->answered_by, w->urls.items[2].text);
	/* The last good one stays the first when it refuses, too. */
	w->servers[2].status = 401;
	w->servers[2].body = "{\"error\":\"bad token\"}";
	(void)control_failover_start(w->failover, &request, on_answer, w);
	run(w, 1);
	assert_int_equal(w->answer.code, LS_ERROR_AUTH);
	assert_int_equal(w->answer.refused, 7);
	for (int i = 0; i < SERVERS; i++)
		assert_non_null(strstr(w->answer.fail.text, w->urls.items[i].text));
	assert_string_equal(control_failover_current(w->failover)->text, w->urls.items[2].text);
	/* When one of them does not answer, nobody knows what that one would say. */
	stop_server(&w->servers[2]);
	(void)control_failover_start(w->failover, &request, on_answer, w);
	run(w, 1);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_int_equal(w->answer.refused, 3);
	/* An admin's request is refused by all when one refuses it. */
	request.ask_all = false;
	start_server(w, &w->servers[2]);
	w->servers[2].status = 401;
	w->servers[2].body = "{\"error\":\"bad token\"}";
	(void)control_failover_start(w->failover, &request, on_answer, w);
	run(w, 1);
	assert_string_equal(w->answered_by, w->urls.items[2].text);
	assert_int_equal(w->answer.code, LS_ERROR_AUTH);
}

static int only_two(void *arg, const json_t *body, struct ls_fail *fail)
{
	(void)arg;
	return json_integer_value(json_object_get(body, "n")) == 2
	               ? 0
	               : ls_fail_set(fail, LS_ERROR_SYNTAX, "n is not 2");
}

/* A portal answers everything with 200. */
static void wrong_bodies_fail_over(void **state)
{
	struct world *w = *state;
	struct control_request request = get;

	request.check = only_two;
	w->servers[0].body = "{}";
	w->servers[1].body = "{\"n\":2}";
	for (int i = 1; i <= 2; i++) {
		(void)control_failover_start(w->failover, &request, on_answer, w);
		run(w, 1);
		assert_int_equal(w->answer.code, 0);
		assert_string_equal(w->answered_by, w->urls.items[1].text);
		assert_int_equal(w->servers[0].requests, 1);
	}
	w->servers[1].body = w->servers[2].body = "[]";
	(void)control_failover_start(w->failover, &request, on_answer, w);
	run(w, 1);
	assert_int_equal(w->answer.code, LS_ERROR_REMOTE);
	assert_non_null(strstr(w->answer.fail.text, "n is not 2"));
	assert_string_equal(control_failover_current(w->failover)->text, w->urls.items[1].text);
}

static void fails_over_from_silence(void **state)
{
	struct world *w = *state;

	w->servers[0].status = 0;
	w->servers[1].body = "<html>";
	ask_any(w, false);
	assert_int_equal(w->answer.code, 0);
	assert_string_equal(w->answered_by, w->urls.items[2].text);
}

static void names_every_reason(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < SERVERS; i++)
		stop_server(&w->servers[i]);
	ask_any(w, false);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	for (int i = 0; i < SERVERS; i++)
		assert_non_null(strstr(w->answer.fail.text, w->urls.items[i].text));
	start_server(w, &w->servers[1]);
	w->servers[1].status = 500;
	w->servers[1].body = "{\"error\":\"disk full\"}";
	ask_any(w, false);
	assert_int_equal(w->answer.code, LS_ERROR_REMOTE);
	assert_non_null(strstr(w->answer.fail.text, "500 disk full; "));
	assert_int_equal(w->answer.fail.hint, LS_HINT_NONE);
	/* A hint of one of them is the hint of all. */
	w->servers[1].status = -1;
	ask_any(w, false);
	assert_int_equal(w->answer.fail.hint, LS_HINT_SCHEME);
	assert_true(strstr(w->answer.fail.text, w->urls.items[1].text) >
	            strstr(w->answer.fail.text, w->urls.items[2].text));
}

static void once_is_sent_once(void **state)
{
	struct world *w = *state;

	stop_server(&w->servers[0]);
	w->servers[1].status = -1;
	ask_any(w, true);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_int_equal(w->servers[1].requests, 1);
	assert_int_equal(w->servers[2].requests, 0);
}

/* A request on a connection that was kept is sent again when the connection is lost: the server may
 * have closed it while it was idle. It may have received the request as well. */
static void once_uses_no_kept_connection(void **state)
{
	struct world *w = *state;
	struct control_request post = get;

	post.method = PROTO_POST;
	ask(w, &get);
	w->servers[0].status = -1;
	ask(w, &post);
	assert_int_equal(w->servers[0].requests, 3);
	w->servers[0].status = 200;
	ask(w, &get);
	w->servers[0].status = -1;
	post.once = true;
	ask(w, &post);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_int_equal(w->servers[0].requests, 5);
}

/* A listener whose queue is full does not answer SYNs: connecting has a time of its own. */
static void connecting_times_out(void **state)
{
	struct world *w = *state;
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	struct control_url url;
	char text[64];
	int fill[4];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t begin;

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	for (size_t i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&sin, sizeof(sin));
	}
	(void)snprintf(text, sizeof(text), "http://127.0.0.1:%u", ntohs(sin.sin_port));
	assert_int_equal(control_url_parse(text, &url, NULL), 0);
	begin = ls_now_ns();
	(void)control_exchange_start(w->client, &url, &get, on_answer, w);
	run(w, 1);
	assert_int_equal(w->answer.code, LS_ERROR_UNREACHABLE);
	assert_true(w->answer.unsent);
	assert_non_null(strstr(w->answer.fail.text, "connecting timed out"));
	assert_in_range(ls_now_ns() - begin, 2900 * LS_NS_PER_MS, 4900 * LS_NS_PER_MS);
	for (size_t i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const char *const variables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy",
	                                        "https_proxy",   "HTTPS_PROXY",  "all_proxy",
	                                        "ALL_PROXY"};
	const struct CMUnitTest tests[] = {
	        TEST(sends_what_was_asked),
	        TEST(remembers_where_a_name_led),
	        TEST(maps_statuses),
	        TEST(hides_secret_paths),
	        TEST(runs_several_at_once),
	        TEST(names_no_connection),
	        TEST(times_out),
	        TEST(names_dropped_connections),
	        TEST(survives_a_restarted_server),
	        TEST(resolves_localhost),
	        TEST(names_a_port_without_tls),
	        TEST(cancels),
	        TEST(fails_over_and_remembers),
	        TEST(refusals_of_one_server_are_not_final),
	        TEST(wrong_bodies_fail_over),
	        TEST(refusals_do_not_fail_over),
	        TEST(fails_over_from_silence),
	        TEST(names_every_reason),
	        TEST(once_is_sent_once),
	        TEST(once_uses_no_kept_connection),
	        TEST(connecting_times_out),
	};

	/* The host's proxies and authorities have no part in it. */
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)unsetenv(variables[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
