/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/staged.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wg/messages.h"

static size_t cost_of(size_t len)
{
	return sizeof(struct staged_packet) + len + WG_DATA_OVERHEAD + WG_PADDING;
}

struct staged_packet *wg_staged_pop(struct staged *staged, size_t *budget_used)
{
	struct staged_packet *p = staged->head;

	if (!p)
		return NULL;
	assert(staged->count > 0 && *budget_used >= cost_of(p->len));
	staged->head = p->next;
	staged->count--;
	*budget_used -= cost_of(p->len);
	return p;
}

void wg_staged_push(struct staged *staged, size_t *budget_used, const uint8_t *packet, size_t len)
{
	size_t cost = cost_of(len);
	struct staged_packet *p;

	while (staged->head &&
	       (staged->count >= WG_STAGED_MAX || *budget_used + cost > STAGED_BUDGET))
		free(wg_staged_pop(staged, budget_used));
	if (*budget_used + cost > STAGED_BUDGET)
		return;
	p = malloc(cost);
	if (!p)
		return;
	p->next = NULL;
	p->len = len;
	memcpy(p->data + WG_DATA_HEADER, packet, len);
	if (!staged->head)
		staged->tail = &staged->head;
	*staged->tail = p;
	staged->tail = &p->next;
	staged->count++;
	*budget_used += cost;
}

void wg_staged_clear(struct staged *staged, size_t *budget_used)
{
	while (staged->head)
		free(wg_staged_pop(staged, budget_used));
}
