/* SPDX-License-Identifier: Apache-2.0 */
#include "server/netmap/sight.h"

#include "proto/acl.h"
#include "server/state/objects.h"

static struct acl_subject subject_of(const struct node *node)
{
	const struct peer_info *peer = &node->record->info.peer;

	return (struct acl_subject){.id = peer->id, .name = peer->name, .tags = peer->tags};
}

bool netmap_sight_mutual(const struct network *network, const struct node *a, const struct node *b)
{
	struct acl_subject x = subject_of(a), y = subject_of(b);

	return a != b && a->active && b->active && proto_acl_mutual(&network->policy, &x, &y);
}

bool netmap_sight_open(const struct network *network)
{
	if (network->policy.default_action != ACL_ALLOW)
		return false;
	for (size_t i = 0; i < network->policy.rule_count; i++) {
		if (network->policy.rules[i].action != ACL_ALLOW)
			return false;
	}
	return true;
}
