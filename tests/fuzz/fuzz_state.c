/* SPDX-License-Identifier: Apache-2.0 */
/* State files: the result is a whole state with keys that match, or a reason that does not repeat
 * the file's content. */
#include <string.h>

#include "profile/node_state.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node_state *state = NULL;
	struct ls_fail fail = {0};
	struct wg_public_key key;

	if (profile_state_parse((const char *)data, size, "state", &state, &fail) < 0) {
		FUZZ_CHECK(strncmp(fail.text, "state", strlen("state")) == 0);
		return 0;
	}
	FUZZ_CHECK(state->profile && state->network_id && state->node_id && state->node_name);
	FUZZ_CHECK(!state->last_netmap || state->netmap_fail.code == 0);
	key_wg_public(&state->wg_private_key, &key);
	FUZZ_CHECK(key_equal(key.b, state->wg_public_key.b));
	profile_state_free(state);
	return 0;
}
