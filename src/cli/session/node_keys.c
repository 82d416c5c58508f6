/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/node_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "proto/names.h"

enum {
	KEY_FILE_MAX = 4096,
	HOST_NAME_MAX_LEN = 256,
};

static int read_key_file(const char *path, uint8_t ret[static LS_KEY_LEN], struct ls_fail *fail)
{
	char *text = NULL;
	size_t len = 0, end;
	int r = ls_file_read(path, KEY_FILE_MAX, &text, &len, fail);

	if (r < 0)
		return r;
	for (end = len; end > 0 && strchr(" \t\r\n", text[end - 1]); end--)
		text[end - 1] = '\0';
	if (strlen(text) != end || key_decode(text, ret) < 0)
		r = ls_fail_set(fail, LS_ERROR_SYNTAX,
		                "%s: not a private key: 32 bytes in base64 (44 characters) are "
		                "wanted",
		                path);
	else if (key_is_zero(ret))
		r = ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s: the private key is all zero", path);
	key_wipe(text, len);
	free(text);
	return r;
}

int session_node_keys_make(const struct cli_args *args, struct node_keys *ret, struct ls_fail *fail)
{
	const char *machine = cli_text(args, "machine-private-key-file");
	const char *wg = cli_text(args, "wg-private-key-file");
	struct node_keys keys = {0};
	int r = 0;

	if (machine)
		r = read_key_file(machine, keys.machine_private_key.b, fail);
	else
		key_machine_generate(&keys.machine_private_key);
	if (r < 0)
		goto out;
	if (wg)
		r = read_key_file(wg, keys.wg_private_key.b, fail);
	else
		key_wg_generate(&keys.wg_private_key);
	if (r < 0)
		goto out;
	key_wg_clamp(&keys.wg_private_key);
	key_machine_public(&keys.machine_private_key, &keys.machine_public_key);
	key_wg_public(&keys.wg_private_key, &keys.wg_public_key);
	*ret = keys;
out:
	session_node_keys_wipe(&keys);
	return r;
}

void session_node_keys_wipe(struct node_keys *keys)
{
	key_wipe(keys, sizeof(*keys));
}

void session_node_keys_load(struct node_keys *keys, const struct node_state *state)
{
	keys->machine_private_key = state->machine_private_key;
	keys->machine_public_key = state->machine_public_key;
	keys->wg_private_key = state->wg_private_key;
	keys->wg_public_key = state->wg_public_key;
}

void session_node_keys_store(const struct node_keys *keys, struct node_state *state)
{
	state->machine_private_key = keys->machine_private_key;
	state->machine_public_key = keys->machine_public_key;
	state->wg_private_key = keys->wg_private_key;
	state->wg_public_key = keys->wg_public_key;
}

void session_node_keys_renew_machine(struct node_keys *keys)
{
	key_machine_generate(&keys->machine_private_key);
	key_machine_public(&keys->machine_private_key, &keys->machine_public_key);
}

void session_node_keys_renew_wg(struct node_keys *keys)
{
	key_wg_generate(&keys->wg_private_key);
	key_wg_clamp(&keys->wg_private_key);
	key_wg_public(&keys->wg_private_key, &keys->wg_public_key);
}

int session_node_name_pick(const struct cli_args *args, char ret[static LIMIT_NODE_NAME_LEN + 1],
                           struct ls_fail *fail)
{
	const char *name = cli_text(args, "node-name");
	char host[HOST_NAME_MAX_LEN] = "";

	if (!name) {
		if (gethostname(host, sizeof(host) - 1) == 0 && proto_name_from_host(host, ret))
			return 0;
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "the host name '%.60s' gives no node name: give --node-name",
		                   host);
	}
	if (proto_name_check_label(name, "--node-name", fail) < 0) {
		fail->code = LS_ERROR_USAGE;
		return LS_ERROR_USAGE;
	}
	(void)snprintf(ret, LIMIT_NODE_NAME_LEN + 1, "%s", name);
	return 0;
}
