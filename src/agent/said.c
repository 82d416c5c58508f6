/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"

struct said {
	struct ls_map *skips; /* texts of the last plan; each is its own key, malloced */
	bool has_network;
	struct ls_prefix overlay_v4;
	struct ls_prefix overlay_v6;
	char domain[LIMIT_READ_LEN + 1];
};

static void free_skips(struct ls_map *skips)
{
	size_t cursor = 0;
	char *text;

	while ((text = ls_map_next(skips, &cursor)))
		free(text);
	ls_map_free(skips);
}

struct said *agent_said_new(void)
{
	struct said *said = ls_new(struct said);

	said->skips = ls_map_new();
	return said;
}

void agent_said_free(struct said *said)
{
	if (!said)
		return;
	free_skips(said->skips);
	free(said);
}

/* Out of memory means only that a line is logged again. */
static void log_skips(struct said *said, const struct plan *plan)
{
	struct ls_map *skips = ls_map_new();

	for (size_t i = 0; i < plan->skip_count; i++) {
		const struct plan_skip *skip = &plan->skips[i];
		char *text = NULL;
		int len = asprintf(&text, "%s: %s", skip->what, skip->reason);

		if (len < 0)
			continue;
		if (!ls_map_get(said->skips, text, (size_t)len))
			ls_warn("agent.skipped", "what=\"%s\" reason=\"%s\"", skip->what,
			        skip->reason);
		if (ls_map_add(skips, text, (size_t)len, text) < 0)
			free(text);
	}
	free_skips(said->skips);
	said->skips = skips;
}

static void log_change(const char *what, const char *old, const char *new, bool used)
{
	ls_log(used ? LS_LOG_INFO : LS_LOG_WARN, "agent.network_changed",
	       "what=\"%s\" old=%s new=%s used=%s", what, old, new, used ? "yes" : "no");
}

static void log_prefix(const char *what, const struct ls_prefix *old, const struct ls_prefix *new,
                       bool used)
{
	char old_text[LS_PREFIX_TEXT], new_text[LS_PREFIX_TEXT];

	if (!ls_prefix_equal(old, new))
		log_change(what, ls_prefix_format(old, old_text), ls_prefix_format(new, new_text),
		           used);
}

void agent_said_plan(struct said *said, const struct netmap *netmap, const struct plan *plan)
{
	const struct network_info *network = &netmap->network;

	if (said->has_network) {
		log_prefix("IPv4 prefix", &said->overlay_v4, &network->overlay_v4, plan->uses_v4);
		log_prefix("IPv6 prefix", &said->overlay_v6, &network->overlay_v6, plan->uses_v6);
		if (strcasecmp(said->domain, network->dns_domain) != 0)
			log_change("domain", said->domain, network->dns_domain, plan->uses_domain);
	}
	said->has_network = true;
	said->overlay_v4 = network->overlay_v4;
	said->overlay_v6 = network->overlay_v6;
	(void)snprintf(said->domain, sizeof(said->domain), "%s", network->dns_domain);
	log_skips(said, plan);
}
