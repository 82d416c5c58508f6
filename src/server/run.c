/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the start, which give up privileges one after the other; then the loop. */
#include "server/run.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>

#include "base/log.h"
#include "server/api/server.h"
#include "server/process/component.h"
#include "server/process/landlock.h"
#include "server/process/manager.h"
#include "server/process/sandbox.h"
#include "server/process/sockets.h"
#include "server/process/user.h"
#include "server/store/queue.h"

enum {
	EVENTS = 4
};

struct life {
	const struct options *options;
	struct event_base *base;
	struct store_sqlite *database; /* NULL once the store has it */
	struct store_queue *store;     /* owned by its component */
	struct server_sockets sockets;
	struct components *components; /* NULL until they have started */
	struct event *events[EVENTS];  /* three signals, the watchdog; some may be NULL */
	bool stopping;
};

static int start_store(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	struct life *life = start->context;
	struct store_sqlite *database = life->database;
	int r;

	life->database = NULL;
	r = store_queue_new(database, life->base, start->base, &life->store, fail);
	if (r == 0)
		*ret_self = life->store;
	return r;
}

/* Certificates are the only files that are read again. */
static void reload_store(void *self)
{
	(void)self;
}

/* The API has closed the store before, so no job is left. */
static void stop_store(void *self)
{
	store_queue_stop(self);
}

static void free_store(void *self)
{
	store_queue_free(self);
}

static int start_api(const struct component_start *start, void **ret_self, struct ls_fail *fail)
{
	struct life *life = start->context;
	const struct options *options = life->options;
	struct server_config config = {
	        .sockets = start->sockets,
	        .tls_cert = options->tls_cert,
	        .tls_key = options->tls_key,
	        .proxies = {.prefixes = options->proxies, .count = options->proxy_count},
	        .control_urls = {.items = options->control_urls.items,
	                         .count = options->control_urls.count},
	        .admin_token = options->admin_token,
	        .reuse_addresses_after_s = options->reuse_addresses_after_s};
	struct server *server = NULL;
	int r;

	config.has_relay = options_relay(options, &config.relay);
	r = api_server_new(start->base, &config, store_queue_store(life->store), &server, fail);
	if (r == 0)
		*ret_self = server;
	return r;
}

static void reload_api(void *self)
{
	api_server_reload(self);
}

static void stop_api(void *self)
{
	api_server_stop(self);
}

static void free_api(void *self)
{
	api_server_free(self);
}

/* For SQLite; `rename` for a -wal that is not its own; `fstatfs` for the room on the disk. */
static const char *const store_calls[] = {"fchmod",    "fchown",   "fdatasync", "fstatfs",
                                          "fstatfs64", "fsync",    "ftruncate", "pread64",
                                          "pwrite64",  "rename",   "renameat",  "renameat2",
                                          "unlink",    "unlinkat", NULL};

/* For new connections, and for the metrics of the process. */
static const char *const api_calls[] = {"accept", "accept4", "getdents64", "getrusage", NULL};

/* The components of the server, in the order of their start. */
static const struct component components[] = {
        {.name = "store",
         .has_thread = true,
         .calls = store_calls,
         .start = start_store,
         .reload = reload_store,
         .stop = stop_store,
         .free = free_store},
        {.name = "api",
         .sockets = 1U << SOCKET_HTTP | 1U << SOCKET_HTTPS | 1U << SOCKET_METRICS,
         .calls = api_calls,
         .start = start_api,
         .reload = reload_api,
         .stop = stop_api,
         .free = free_api},
};

enum {
	COMPONENTS = sizeof(components) / sizeof(components[0])
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
	process_components_stop(life->components);
}

static void on_reload(evutil_socket_t signal_number, short what, void *arg)
{
	const struct life *life = arg;

	(void)signal_number;
	(void)what;
	/* Do not report READY after STOPPING. */
	if (life->stopping)
		return;
	process_manager_reloading();
	process_components_reload(life->components);
	process_manager_ready();
}

/* Comes before the slow steps of the start: a signal during the start then waits for the loop, when
 * there are components to stop or reload. */
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

/* Opens sockets and database, each as the user who needs to open it. */
static int open_all(struct life *life, struct ls_fail *fail)
{
	const struct options *options = life->options;
	/* Ports below 1024 need the rights that the process was started with. */
	int r = process_sockets_open(options, &life->sockets, fail);

	if (r < 0)
		return r;
	/* Become the user before any file is opened: the same user will open files again, on a
	 * reload and for SQLite's journals. */
	r = process_become_user(options->user, fail);
	if (r < 0)
		return r;
	return store_sqlite_open(options->state_path, &life->database, fail);
}

/* Allows whole directories: a renewal replaces the certificate and its key by new files, and SQLite
 * makes files beside the database. */
static int enter_landlock(const struct options *options, int *ret_abi, struct ls_fail *fail)
{
	const struct landlock_file files[] = {
	        {.path = options->state_path, .use = LANDLOCK_DATABASE},
	        {.path = options->tls_cert, .use = LANDLOCK_READ},
	        {.path = options->tls_key, .use = LANDLOCK_READ},
	};

	return process_landlock_enter(files, sizeof(files) / sizeof(files[0]),
	                              process_manager_is_abstract(), ret_abi, fail);
}

/* The order matters: threads inherit the limits that were set before them, and the filter of system
 * calls kills whoever makes a thread later. Only after all of it does a loop read what others send.
 */
static int start(struct life *life, struct ls_fail *fail)
{
	struct component_start with = {.sockets = &life->sockets, .context = life};
	bool sandbox = !life->options->no_sandbox;
	int landlock_abi = 0, r;

	r = sandbox ? process_sandbox_begin(fail) : 0;
	if (r < 0)
		return r;
	r = begin(life, fail);
	if (r < 0)
		return r;
	r = open_all(life, fail);
	if (r < 0)
		return r;
	r = sandbox ? enter_landlock(life->options, &landlock_abi, fail) : 0;
	if (r < 0)
		return r;
	with.base = life->base;
	r = process_components_start(components, COMPONENTS, &with, &life->components, fail);
	if (r < 0)
		return r;
	return sandbox ? process_sandbox_enter(components, COMPONENTS, landlock_abi, fail) : 0;
}

static int loop(struct life *life, struct ls_fail *fail)
{
	process_components_run(life->components);
	life->events[3] = process_manager_watchdog(life->base);
	process_manager_ready();
	if (event_base_dispatch(life->base) < 0)
		return ls_fail_set(fail, -EIO, "the event loop failed");
	return 0;
}

static int end(struct life *life, struct ls_fail *fail)
{
	int r = process_components_free(life->components);

	if (r < 0)
		(void)ls_fail_set(fail, r, "a part of the server failed; see component.failed");
	store_sqlite_close(life->database);
	process_sockets_done(&life->sockets);
	for (size_t i = 0; i < EVENTS; i++) {
		if (life->events[i])
			event_free(life->events[i]);
	}
	if (life->base)
		event_base_free(life->base);
	return r;
}

int server_run(const struct options *options, struct ls_fail *fail)
{
	struct life life = {.options = options};
	struct ls_fail end_fail;
	int r, ended;

	r = start(&life, fail);
	if (r == 0)
		r = loop(&life, fail);
	ended = end(&life, r == 0 ? fail : &end_fail);
	if (r == 0)
		r = ended;
	if (r == 0)
		ls_info("server.stopped", "state=%s", options->state_path);
	return r;
}
