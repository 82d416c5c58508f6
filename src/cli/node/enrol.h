/* SPDX-License-Identifier: Apache-2.0 */
/* What register and register-url share. The order matters: everything that can fail on this host is
 * tried before the first request, because a node whose token is lost cannot be used. */
#ifndef LS_CLI_NODE_ENROL_H
#define LS_CLI_NODE_ENROL_H

#include "base/error.h"
#include "cli/frame/args.h"
#include "cli/session/node_keys.h"
#include "cli/session/session.h"

#define ENROL_OPTIONS                                                                              \
	{                                                                                          \
	        .name = "node-name",                                                               \
	        .kind = CLI_TEXT,                                                                  \
	        .placeholder = "NAME",                                                             \
	        .help = "the node's name, a DNS label",                                            \
	        .default_help = "the host name",                                                   \
	},                                                                                         \
	        {                                                                                  \
	                .name = "machine-private-key-file",                                        \
	                .kind = CLI_TEXT,                                                          \
	                .placeholder = "PATH",                                                     \
	                .help = "the machine's private key, 32 bytes in base64",                   \
	                .default_help = "a new key",                                               \
	        },                                                                                 \
	{                                                                                          \
		.name = "wg-private-key-file", .kind = CLI_TEXT, .placeholder = "PATH",            \
		.help = "the WireGuard private key, 32 bytes in base64",                           \
		.default_help = "a new key",                                                       \
	}

struct enrolment {
	struct session *session; /* borrowed */
	char node_name[LIMIT_NODE_NAME_LEN + 1];
	bool any_name; /* made from the host name: another one will do if it is taken */
	struct node_keys keys;
	int lock_fd; /* the lock of the state directory; -1: not held */
};

/* Refuses a profile that is registered already, checks that the state directory can be written,
 * takes its lock, and picks the name and the keys. The caller ends `ret` with node_enrol_done, also
 * after a failure. */
int node_enrol_begin(const struct cli_args *args, struct session *session, struct enrolment *ret,
                     struct ls_fail *fail) LS_MUST_CHECK;
void node_enrol_done(struct enrolment *enrolment);

/* What the server's answer says about the new node. */
struct enrolled {
	const char *network_id;
	const char *node_id;
	const char *node_token;
	const char *node_name; /* what the server calls it; NULL: as it was asked */
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	struct netmap *netmap; /* node_enrol_store takes it over; NULL: none yet */
};

/* Saves the state, and the control URLs and pin that options gave. */
int node_enrol_store(struct enrolment *enrolment, const struct enrolled *enrolled,
                     struct ls_fail *fail) LS_MUST_CHECK;

#endif
