/* SPDX-License-Identifier: Apache-2.0 */
/* State files: either a complete state with keys that belong together, or a failure that names the
 * file. */
#include <string.h>

#include "profile/node_state.h"
#include "tests/fuzz/fuzz_file.h"

static void check_state(const struct node_state *state)
{
	struct wg_public_key key;

	FUZZ_CHECK(state->profile && state->network_id && state->node_id && state->node_name);
	FUZZ_CHECK(!state->last_netmap || state->netmap_fail.code == 0);
	key_wg_public(&state->wg_private_key, &key);
	FUZZ_CHECK(key_equal(key.b, state->wg_public_key.b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node_state *state = NULL;
	struct ls_fail fail = {0};
	char path[FUZZ_PATH_TEXT];
	int fd = fuzz_file(data, size, path);

	if (profile_state_load(path, &state, &fail) < 0) {
		FUZZ_CHECK(strncmp(fail.text, path, strlen(path)) == 0);
	} else {
		check_state(state);
		profile_state_free(state);
	}
	(void)close(fd);
	return 0;
}
