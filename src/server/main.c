/* SPDX-License-Identifier: Apache-2.0 */
/* lightscale-server: options, what needs the rights of the start, one event loop, and what ends it.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "crypto/keys.h"
#include "server/http/server.h"
#include "server/options.h"
#include "server/process/manager.h"
#include "server/process/sandbox.h"
#include "server/process/sockets.h"
#include "server/process/user.h"

enum {
	EXIT_USAGE = 2
};

static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
	(void)signal_number;
	(void)what;
	manager_stopping();
	server_stop(arg);
}

static void on_reload(evutil_socket_t signal_number, short what, void *arg)
{
	(void)signal_number;
	(void)what;
	manager_reloading();
	server_reload(arg);
	manager_ready();
}

static int loop(struct event_base *base, struct server *server, struct ls_fail *fail)
{
	struct event *term = evsignal_new(base, SIGTERM, on_stop, server);
	struct event *interrupt = evsignal_new(base, SIGINT, on_stop, server);
	struct event *hangup = evsignal_new(base, SIGHUP, on_reload, server);
	struct event *watchdog = manager_watchdog(base);
	int r = 0;

	if (!term || !interrupt || !hangup || event_add(term, NULL) != 0 ||
	    event_add(interrupt, NULL) != 0 || event_add(hangup, NULL) != 0)
		r = ls_fail_set(fail, -ENOMEM, "cannot wait for signals");
	if (r == 0)
		manager_ready();
	if (r == 0 && event_base_dispatch(base) < 0)
		r = ls_fail_set(fail, -EIO, "the event loop failed");
	if (term)
		event_free(term);
	if (interrupt)
		event_free(interrupt);
	if (hangup)
		event_free(hangup);
	if (watchdog)
		event_free(watchdog);
	return r;
}

static int serve(const struct options *options, struct server_sockets *sockets,
                 struct event_base *base, struct ls_fail *fail)
{
	struct server_config config = {
	        .sockets = sockets,
	        .tls_cert = options->tls_cert,
	        .tls_key = options->tls_key,
	        .proxies = {.prefixes = options->proxies, .count = options->proxy_count},
	        .control_urls = {.items = options->control_urls.items,
	                         .count = options->control_urls.count},
	        .admin_token = options->admin_token};
	struct server *server = NULL;
	struct store *store = NULL;
	int r;

	config.has_relay = options_relay(options, &config.relay);
	r = store_sqlite_open(options->state_path, &store, fail);
	if (r == 0)
		r = server_new(base, &config, store, &server, fail);
	/* Its last act before it reads what others send. */
	if (r == 0 && !options->no_sandbox)
		r = sandbox_enter(fail);
	if (r == 0)
		r = loop(base, server, fail);
	server_free(server);
	if (r == 0)
		ls_info("server.stopped", "state=%s", options->state_path);
	return r;
}

/* The order matters: low ports need the rights of the start; all files are opened by the user who
 * will open them again, on a reload or for a journal. */
static int run(const struct options *options, struct ls_fail *fail)
{
	struct server_sockets sockets;
	struct event_base *base = NULL;
	int r = sockets_open(options, &sockets, fail);

	if (r == 0)
		r = become_user(options->user, fail);
	if (r == 0) {
		base = event_base_new();
		r = base ? serve(options, &sockets, base, fail)
		         : ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	sockets_done(&sockets);
	if (base)
		event_base_free(base);
	return r;
}

int main(int argc, char **argv)
{
	struct options options;
	struct ls_fail fail = {0};
	int r = options_parse(argc, argv, &options, &fail);

	if (r == 0 && !options.shown) {
		/* Whatever is made from here on holds secrets. */
		(void)umask(077);
		(void)signal(SIGPIPE, SIG_IGN);
		r = crypto_init();
		if (r < 0)
			(void)ls_fail_set(&fail, r, "cannot start the crypto library");
		if (r == 0)
			r = run(&options, &fail);
	}
	if (r < 0)
		(void)fprintf(stderr, "lightscale-server: %s\n", fail.text);
	options_done(&options);
	if (r == LS_ERROR_USAGE)
		return EXIT_USAGE;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
