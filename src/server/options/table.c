/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options/table.h"

#include <popt.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"

enum {
	OPTION_TEXT = 64, /* bytes for an option's name in a message */
};

/* clang-format off */
static const struct poptOption table[] = {
	{"listen", 0, POPT_ARG_STRING, NULL, OPTION_LISTEN,
	 "listen for HTTP here; may be repeated or a comma list; port 0: any free one; [::]: IPv6 only (default: 0.0.0.0:8080)", "IP:PORT"},
	{"tls-listen", 0, POPT_ARG_STRING, NULL, OPTION_TLS_LISTEN,
	 "listen for HTTPS here; without this option, --tls-cert makes every --listen HTTPS", "IP:PORT"},
	{"tls-cert", 0, POPT_ARG_STRING, NULL, OPTION_TLS_CERT,
	 "the server's certificate and then its chain, in PEM; SIGHUP reads this file and the key again", "PATH"},
	{"tls-key", 0, POPT_ARG_STRING, NULL, OPTION_TLS_KEY,
	 "the certificate's private key in PEM; other users must not be able to read it", "PATH"},
	{"trusted-proxy", 0, POPT_ARG_STRING, NULL, OPTION_TRUSTED_PROXY,
	 "proxies whose X-Forwarded-For, -Host and -Proto are trusted to name the source of a request and the URL that it asked; may be repeated or a comma list", "PREFIX"},
	{"state", 0, POPT_ARG_STRING, NULL, OPTION_STATE,
	 "the SQLite file that holds all data; created if missing", "PATH"},
	{"admin-token", 0, POPT_ARG_STRING, NULL, OPTION_ADMIN_TOKEN,
	 "the admin token; also in the environment as LIGHTSCALE_ADMIN_TOKEN", "TOKEN"},
	{"admin-token-file", 0, POPT_ARG_STRING, NULL, OPTION_ADMIN_TOKEN_FILE,
	 "a file whose first line is the admin token", "PATH"},
	{"allow-weak-admin-token", 0, POPT_ARG_NONE, NULL, OPTION_ALLOW_WEAK_ADMIN_TOKEN,
	 "accept an admin token of fewer than 16 characters; for tests only", NULL},
	{"control-url", 0, POPT_ARG_STRING, NULL, OPTION_CONTROL_URL,
	 "a URL of this server that clients can use; may be repeated or a comma list", "URL"},
	{"stun", 0, POPT_ARG_STRING, NULL, OPTION_STUN,
	 "STUN servers that netmaps announce; may be repeated or a comma list", "HOST:PORT"},
	{"turn", 0, POPT_ARG_STRING, NULL, OPTION_TURN,
	 "TURN servers that netmaps announce; may be repeated or a comma list", "HOST:PORT"},
	{"stream-relay", 0, POPT_ARG_STRING, NULL, OPTION_STREAM_RELAY,
	 "stream relays that netmaps announce; may be repeated or a comma list", "HOST:PORT"},
	{"udp-relay", 0, POPT_ARG_STRING, NULL, OPTION_UDP_RELAY,
	 "UDP relays that netmaps announce; may be repeated or a comma list", "HOST:PORT"},
	{"dns", 0, POPT_ARG_STRING, NULL, OPTION_DNS,
	 "DNS servers that netmaps announce; may be repeated or a comma list", "HOST:PORT"},
	{"dns-server", 0, POPT_ARG_STRING, NULL, OPTION_DNS,
	 "the same as --dns", "HOST:PORT"},
	{"metrics-listen", 0, POPT_ARG_STRING, NULL, OPTION_METRICS_LISTEN,
	 "serve GET /metrics to Prometheus here, without a credential: allow only trusted hosts", "IP:PORT"},
	{"reuse-addresses", 0, POPT_ARG_STRING, NULL, OPTION_REUSE_ADDRESSES,
	 "when others may get the addresses of a deleted node: never, at-once, or after an age such as 12h or 30d (default: after 30d)", "after AGE"},
	{"user", 0, POPT_ARG_STRING, NULL, OPTION_USER,
	 "change to this user once the ports are open; needs root (default: the user who starts the server)", "NAME"},
	{"sandbox", 0, POPT_ARG_STRING, NULL, OPTION_SANDBOX,
	 "limit system calls and files; off is for a kernel or C library that does not work with that (default: on)", "on|off"},
	{"config", 0, POPT_ARG_STRING, NULL, OPTION_CONFIG,
	 "a JSON object with these options by name; the command line overrides it", "PATH"},
	{"help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, "show this and exit", NULL},
	{"version", 0, POPT_ARG_NONE, NULL, OPTION_VERSION, "show the version and exit", NULL},
	POPT_TABLEEND
};
/* clang-format on */

/* Options of other versions that this one does not have yet, so they are no misspellings. */
static const char *const later[] = {"db-url",
                                    "db-url-file",
                                    "dns-listen",
                                    "mesh-ca-cert",
                                    "mesh-cert",
                                    "mesh-key",
                                    "mesh-listen",
                                    "mesh-max-hops",
                                    "mesh-peer",
                                    "mesh-server-id",
                                    "stream-relay-listen",
                                    "stun-listen",
                                    "udp-relay-listen",
                                    NULL};

const struct poptOption *options_table(void)
{
	return table;
}

int options_by_name(const char *name)
{
	for (const struct poptOption *it = table; it->longName; it++) {
		if (strcmp(it->longName, name) != 0)
			continue;
		return it->val == OPTION_CONFIG || it->val == OPTION_HELP ||
		                       it->val == OPTION_VERSION
		               ? 0
		               : it->val;
	}
	return 0;
}

static bool is_later(const char *word)
{
	size_t i = 0;

	while (later[i] && strcmp(later[i], word) != 0)
		i++;
	return later[i] != NULL;
}

int options_unknown(const char *before, const char *name, struct ls_fail *fail)
{
	char word[OPTION_TEXT];
	struct ls_nearest nearest;

	/* Cut off the =value: it may be a secret. */
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "="), name);
	if (is_later(word))
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s%s: this version has no such option",
		                   before, word);
	ls_nearest_init(&nearest, word);
	for (const struct poptOption *it = table; it->longName; it++) {
		/* The same word is found when the option exists, but not in a file. */
		if (strcmp(it->longName, word) != 0)
			ls_nearest_consider(&nearest, it->longName, it->longName);
	}
	ls_str_mask_control(word);
	if (!nearest.best)
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s%s: unknown option; see --help", before,
		                   word);
	return ls_fail_set(fail, LS_ERROR_USAGE, "%s%s: unknown option; did you mean %s%s?", before,
	                   word, before, nearest.best);
}
