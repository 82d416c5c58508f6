/* SPDX-License-Identifier: Apache-2.0 */
/* The control server: the HTTP API of a state. It runs on one thread with one event loop. */
#ifndef LS_SERVER_API_SERVER_H
#define LS_SERVER_API_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/string_list.h"
#include "proto/netmap.h"
#include "server/http/source.h"
#include "server/process/sockets.h"

struct server_config {
	struct server_sockets
	        *sockets;     /* the server owns those that it takes; their fd becomes -1 */
	const char *tls_cert; /* NULL: no TLS */
	const char *tls_key;
	struct source_trust proxies;
	struct string_list control_urls;
	bool has_relay;
	struct relay_config relay;
	const char *admin_token;
	int64_t reuse_addresses_after_s; /* as state_reuse_addresses_after */
};

struct server;
struct store;

/* Opens the state and answers requests at the sockets. Logs the address of each socket as
 * server.listening. The config is borrowed until api_server_free. The server owns the store from
 * here on, also when this call fails. */
int api_server_new(struct event_base *base, const struct server_config *config, struct store *store,
                   struct server **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. Closes the store. */
void api_server_free(struct server *server);

/* Reads again what may change while the server runs: the certificate and its key. */
void api_server_reload(struct server *server);

/* Accepts no more connections, answers the waiting polls, and breaks the loop when all answers are
 * sent (httpd_stop). */
void api_server_stop(struct server *server);

#endif
