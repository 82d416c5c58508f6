/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the server's options. */
#ifndef LS_SERVER_OPTIONS_OPTIONS_H
#define LS_SERVER_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/limits.h"
#include "proto/netmap.h"
#include "wire/ip.h"

enum {
	OPTIONS_LISTEN_MAX = 16,
	OPTIONS_PROXIES_MAX = 64,
};

struct listen_list {
	struct ls_endpoint items[OPTIONS_LISTEN_MAX]; /* port 0: any free port */
	size_t count;
};

/* A list of texts, which struct options owns; each use of the option adds to it. */
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
	char *import_path; /* import this file and end; NULL: run the server */
	char *user;        /* NULL: the server stays the user who started it */
	bool no_sandbox;
	char *admin_token; /* wiped by options_done */
	bool allow_weak_admin_token;
	int64_t reuse_addresses_after_s; /* as state_reuse_addresses_after */
	struct option_list control_urls;
	struct option_list stun;
	struct option_list turn;
	struct option_list stream_relay;
	struct option_list udp_relay;
	struct option_list dns;
	uint32_t given; /* 1U << enum option_value of each option on the command line, or-ed */
	bool shown;     /* --help or --version was answered, so there is nothing to run */
};

/* Frees the values and wipes the admin token. Zeroed options are fine. */
void options_done(struct options *options);

/* Gives the servers that netmaps announce; false when there are none. The lists are borrowed. */
bool options_relay(const struct options *options, struct relay_config *ret);

#endif
