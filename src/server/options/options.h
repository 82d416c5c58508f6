/* SPDX-License-Identifier: Apache-2.0 */
/* What the server was asked to do: the values of its options. */
#ifndef LS_SERVER_OPTIONS_OPTIONS_H
#define LS_SERVER_OPTIONS_OPTIONS_H

#include <stdbool.h>

#include "proto/limits.h"
#include "proto/netmap.h"
#include "wire/ip.h"

enum {
	OPTIONS_LISTEN_MAX = 16,
	OPTIONS_PROXIES_MAX = 64,
};

struct listen_list {
	struct ls_endpoint items[OPTIONS_LISTEN_MAX]; /* port 0: any */
	size_t count;
};

/* A list that options fill one by one; the texts are the options' own. */
struct option_list {
	const char *items[LIMIT_SERVERS];
	size_t count;
};

struct options {
	struct listen_list listen;
	struct listen_list tls_listen;
	struct listen_list metrics_listen;
	char *tls_cert; /* NULL: no TLS */
	char *tls_key;
	struct ls_prefix proxies[OPTIONS_PROXIES_MAX];
	size_t proxy_count;
	char *config_path;
	char *state_path;
	char *user; /* NULL: stay who started it */
	bool no_sandbox;
	char *admin_token; /* wiped by options_done */
	struct option_list control_urls;
	struct option_list stun;
	struct option_list turn;
	struct option_list stream_relay;
	struct option_list udp_relay;
	struct option_list dns;
	uint32_t given; /* one bit an option that the command line has */
	bool shown;     /* --help or --version was answered: nothing to run */
};

/* Frees what the options hold and wipes the admin token; zeroed options are fine. */
void options_done(struct options *options);

/* False when nothing is announced. The lists are the options' own. */
bool options_relay(const struct options *options, struct relay_config *ret);

#endif
