/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/underlay.h"

static const char *const what[] = {
        [PLAN_UNDERLAY_CONTROL] = "a control server",
        [PLAN_UNDERLAY_GATEWAY] = "this host's gateway",
        [PLAN_UNDERLAY_RESOLVER] = "a name server of this host",
};
_Static_assert(sizeof(what) / sizeof(what[0]) == PLAN_UNDERLAY_KINDS, "what");

static bool is_allowed(const struct plan_allow *allow, const struct ls_ip *ip)
{
	struct ls_prefix host = ls_prefix_host(ip);

	for (size_t i = 0; i < allow->prefix_count; i++) {
		if (ls_prefix_equal(&allow->prefixes[i], &host))
			return true;
	}
	return false;
}

void plan_underlay_check(const struct ls_prefix *prefix, const struct plan_allow *allow,
                         const struct plan_facts *facts, struct ls_buf *why)
{
	for (size_t i = 0; i < facts->underlay_count; i++) {
		const struct plan_underlay *at = &facts->underlay[i];
		struct ls_prefix host = ls_prefix_host(&at->ip);
		char text[LS_PREFIX_TEXT];

		if (!ls_prefix_contains(prefix, &at->ip) || is_allowed(allow, &at->ip))
			continue;
		ls_buf_printf(why, "it would hide %s; --allow-prefix %s uses it all the same",
		              what[at->kind], ls_prefix_format(&host, text));
		return;
	}
}
