/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/former.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "server/state/objects.h"

struct former {
	struct ls_list link; /* in network->former */
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	bool has_ipv4; /* it is taken because of this */
	bool has_ipv6;
	int64_t since;
};

int state_former_hold(struct network *network, const struct ls_ip *ipv4, const struct ls_ip *ipv6,
                      int64_t since)
{
	int r4 = state_address_pool_take(&network->v4, ipv4);
	int r6 = state_address_pool_take(&network->v6, ipv6);
	struct former *former;

	if (r4 == -ENOMEM || r6 == -ENOMEM) {
		if (r4 == 0)
			state_address_pool_release(&network->v4, ipv4);
		if (r6 == 0)
			state_address_pool_release(&network->v6, ipv6);
		return -ENOMEM;
	}
	former = ls_new(struct former);
	*former = (struct former){.ipv4 = *ipv4,
	                          .ipv6 = *ipv6,
	                          .has_ipv4 = r4 == 0,
	                          .has_ipv6 = r6 == 0,
	                          .since = since};
	ls_list_append(&network->former, &former->link);
	return 0;
}

static void forget(struct network *network, struct former *former)
{
	if (former->has_ipv4)
		state_address_pool_release(&network->v4, &former->ipv4);
	if (former->has_ipv6)
		state_address_pool_release(&network->v6, &former->ipv6);
	ls_list_remove(&former->link);
	free(former);
}

void state_former_release(struct network *network, int64_t now, int64_t after_s)
{
	LS_LIST_EACH_SAFE (it, tmp, &network->former) {
		struct former *former = LS_CONTAINER(it, struct former, link);

		/* The oldest first. */
		if (after_s > 0 && now - former->since < after_s)
			return;
		forget(network, former);
	}
}

void state_former_forget(struct network *network)
{
	LS_LIST_EACH_SAFE (it, tmp, &network->former)
		forget(network, LS_CONTAINER(it, struct former, link));
}
