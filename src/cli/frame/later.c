/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/later.h"

#include <stddef.h>

#include "base/str.h"

static const char *const words[] = {
        /* commands */
        "bugreport", "daemon", "dns-serve", "down", "metrics", "netcheck", "ping", "relay-stream",
        "relay-turn", "relay-udp", "router", "up",
        /* options of wg-up and agent */
        "accept-exit-node", "advertise-map", "allow-route-conflicts", "apply-routes",
        "dns-apply-resolver", "dns-auto", "dns-listen", "dns-mode", "endpoint-max-rotations",
        "exit-node-id", "exit-node-metric-base", "exit-node-name", "exit-node-policy",
        "exit-node-tag", "exit-node-uid-range", "l2-relay", "probe-peers", "probe-timeout",
        "relay-reprobe-after", "route-table", "stream-relay", "stream-relay-server", "stun",
        "stun-port", "stun-server", "stun-timeout"};

bool cli_is_later(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (ls_streq(words[i], word))
			return true;
	}
	return false;
}
