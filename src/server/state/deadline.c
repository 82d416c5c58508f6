/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/deadline.h"

#include "server/state/memory.h"
#include "server/state/watcher.h"

int64_t state_sweep_deadline(const struct server_state *state)
{
	if (state->next_request == 0)
		return STATE_NEVER;
	return state->next_request > state->sweep_due ? state->next_request : state->sweep_due;
}

int64_t state_deadline(const struct server_state *state)
{
	int64_t at = STATE_NEVER;

	/* The next flush waits until the running one has ended. */
	if (!ls_list_empty(&state->seen) && state->seen_flushes == 0)
		at = state->seen_due;
	if (state->next_expiry != 0 && state->next_expiry < at)
		at = state->next_expiry;
	if (state_sweep_deadline(state) < at)
		at = state_sweep_deadline(state);
	return at;
}

void state_deadline_tell(struct server_state *state)
{
	int64_t at = state_deadline(state);

	if (at == state->deadline_told)
		return;
	state->deadline_told = at;
	state_tell_deadline_changed(state);
}
