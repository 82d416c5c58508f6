/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/joiners.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* It is a key: it has no padding. */
_Static_assert(sizeof(struct ls_ip) == sizeof(enum ls_family) + 16, "struct ls_ip");

static struct joiner_source *find(const struct network *network, const struct ls_ip *source)
{
	return ls_map_get(network->joiner_sources, source, sizeof(*source));
}

void state_joiners_add(struct node *node)
{
	struct network *network = node->network;
	struct ls_ip ip = ls_ip_source(&node->record->requested_from);
	struct joiner_source *source = find(network, &ip);

	if (!source) {
		source = ls_new(struct joiner_source);
		source->ip = ip;
		if (ls_map_add(network->joiner_sources, &source->ip, sizeof(source->ip), source) <
		    0)
			abort();
	}
	source->count++;
	node->joiner_source = source;
	ls_list_append(&network->joiners, &node->joiner);
}

void state_joiners_remove(struct node *node)
{
	struct joiner_source *source = LS_STEAL(node->joiner_source);

	if (!source)
		return;
	ls_list_remove(&node->joiner);
	source->count--;
	if (source->count > 0)
		return;
	(void)ls_map_remove(node->network->joiner_sources, &source->ip, sizeof(source->ip));
	free(source);
}

const struct joiner_source *state_joiners_source(const struct network *network,
                                                 const struct ls_ip *ip)
{
	struct ls_ip source = ls_ip_source(ip);

	return find(network, &source);
}
