/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the start, each of which gives something up, then the loop. */
#include "server/run.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>

#include "base/log.h"
#include "server/api/server.h"
#include "server/process/manager.h"
#include "server/process/sandbox.h"
#include "server/process/sockets.h"
#include "server/process/user.h"

enum {
	EVENTS = 4
};

struct life {
	struct event_base *base;
	struct server *server;
	struct event *events[EVENTS]; /* some may be NULL */
	bool stopping;
};

static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
	struct life *life = arg;

	(void)signal_number;
	(void)what;
	if (life->stopping)
		return;
	life->stopping = true;
	process_manager_stopping();
	api_server_stop(life->server);
}

static void on_reload(evutil_socket_t signal_number, short what, void *arg)
{
	const struct life *life = arg;

	(void)signal_number;
	(void)what;
	/* The manager must not hear any more that it is ready. */
	if (life->stopping)
		return;
	process_manager_reloading();
	api_server_reload(life->server);
	process_manager_ready();
}

/* Before anything else: a signal that comes during the start waits for the loop, where the server
 * is there to be told. */
static int begin(struct life *life, struct ls_fail *fail)
{
	life->base = event_base_new();
	if (!life->base)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	life->events[0] = evsignal_new(life->base, SIGTERM, on_stop, life);
	life->events[1] = evsignal_new(life->base, SIGINT, on_stop, life);
	life->events[2] = evsignal_new(life->base, SIGHUP, on_reload, life);
	for (size_t i = 0; i < 3; i++) {
		if (!life->events[i] || event_add(life->events[i], NULL) != 0)
			return ls_fail_set(fail, -ENOMEM, "cannot wait for signals");
	}
	return 0;
}

static void end(struct life *life)
{
	api_server_free(life->server);
	for (size_t i = 0; i < EVENTS; i++) {
		if (life->events[i])
			event_free(life->events[i]);
	}
	if (life->base)
		event_base_free(life->base);
}

static int open_server(struct life *life, const struct options *options,
                       struct server_sockets *sockets, struct ls_fail *fail)
{
	struct server_config config = {
	        .sockets = sockets,
	        .tls_cert = options->tls_cert,
	        .tls_key = options->tls_key,
	        .proxies = {.prefixes = options->proxies, .count = options->proxy_count},
	        .control_urls = {.items = options->control_urls.items,
	                         .count = options->control_urls.count},
	        .admin_token = options->admin_token};
	struct store *store = NULL;
	int r = store_sqlite_open(options->state_path, &store, fail);

	config.has_relay = options_relay(options, &config.relay);
	return r < 0 ? r : api_server_new(life->base, &config, store, &life->server, fail);
}

static int loop(struct life *life, struct ls_fail *fail)
{
	life->events[3] = process_manager_watchdog(life->base);
	process_manager_ready();
	if (event_base_dispatch(life->base) < 0)
		return ls_fail_set(fail, -EIO, "the event loop failed");
	return 0;
}

int server_run(const struct options *options, struct ls_fail *fail)
{
	struct server_sockets sockets = {0};
	struct life life = {0};
	int r = begin(&life, fail);

	/* Low ports need the rights of the start. All files are opened by the user who will open
	 * them again, on a reload or for a journal. */
	if (r == 0)
		r = process_sockets_open(options, &sockets, fail);
	if (r == 0)
		r = process_become_user(options->user, fail);
	if (r == 0)
		r = open_server(&life, options, &sockets, fail);
	/* The last step before it reads what others send. */
	if (r == 0 && !options->no_sandbox)
		r = process_sandbox_enter(fail);
	if (r == 0)
		r = loop(&life, fail);
	end(&life);
	process_sockets_done(&sockets);
	if (r == 0)
		ls_info("server.stopped", "state=%s", options->state_path);
	return r;
}
