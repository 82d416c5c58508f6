/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"
#include "proto/network_create.h"
#include "proto/node_admin.h"

static int print_policy(const struct cli_args *args, const struct key_policy *policy,
                        struct ls_fail *fail)
{
	char age[CLI_AGE_TEXT];

	if (cli_given(args, "json"))
		return cli_print_json(proto_key_policy_answer_encode(policy), fail);
	cli_field("key age", "%s",
	          policy->has_max_age ? cli_duration(policy->max_age_seconds, age) : "unlimited");
	return 0;
}

static int decode_policy(const json_t *json, struct ls_arena *arena, struct key_policy *ret,
                         struct ls_fail *fail)
{
	(void)arena; /* a key policy needs no arena */
	return proto_key_policy_answer_decode(json, ret, fail);
}

static int policy_get(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_KEY_POLICY_GET,
	                                  .params = {args->positionals[0]}};
	struct key_policy policy = {0};
	int r = SESSION_CALL(session, &call, decode_policy, &policy, fail);

	return r < 0 ? r : print_policy(args, &policy, fail);
}

static int policy_set(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct key_policy policy = {
	        .has_max_age = cli_given(args, "max-age-seconds"),
	        .max_age_seconds = cli_number(args, "max-age-seconds"),
	};

	const struct session_call call = {.endpoint = PROTO_ENDPOINT_KEY_POLICY_PUT,
	                                  .params = {args->positionals[0]},
	                                  .body = proto_key_policy_encode(&policy)};
	int r = SESSION_CALL(session, &call, decode_policy, &policy, fail);

	return r < 0 ? r : print_policy(args, &policy, fail);
}

static int run_policy_get(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, policy_get, fail);
}

static int run_policy_set(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_given(args, "max-age-seconds") && cli_given(args, "clear"))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "give either --max-age-seconds or --clear");
	return admin_run(args, policy_set, fail);
}

const struct cli_command admin_key_policy_get = {
        .path = "admin key-policy get",
        .summary = "Print the maximum age of keys in a network",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = admin_json_options,
        .run = run_policy_get,
};

static const struct cli_option policy_set_options[] = {
        {
                .name = "max-age-seconds",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "nodes with older keys are cut off until they rotate them",
                .min = 1,
                .max = UINT32_MAX,
        },
        {.name = "clear",
         .kind = CLI_FLAG,
         .help = "remove the maximum age, as without any option"},
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_key_policy_set = {
        .path = "admin key-policy set",
        .summary = "Set the maximum age of keys in a network",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = policy_set_options,
        .run = run_policy_set,
};

static int take_key(const struct cli_args *args, const char *option, uint8_t ret[static LS_KEY_LEN],
                    bool *ret_given, struct ls_fail *fail)
{
	const char *text = cli_text(args, option);

	*ret_given = text != NULL;
	if (text && key_decode(text, ret) < 0)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "--%s: not a public key: 32 bytes in base64 (44 characters) are "
		                   "wanted",
		                   option);
	return 0;
}

static int rotate(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct key_rotation rotation = {0};
	struct session_call call = {.endpoint = PROTO_ENDPOINT_KEYS_ROTATE,
	                            .params = {args->positionals[0]}};
	char machine[LS_KEY_TEXT], wg[LS_KEY_TEXT];
	int r = take_key(args, "machine-public-key", rotation.machine_public_key.b,
	                 &rotation.has_machine, fail);

	if (r == 0)
		r = take_key(args, "wg-public-key", rotation.wg_public_key.b, &rotation.has_wg,
		             fail);
	if (r < 0)
		return r;
	call.body = proto_key_rotation_encode(&rotation);
	r = SESSION_CALL(session, &call, proto_key_rotation_answer_decode, &rotation, fail);
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_key_rotation_encode(&rotation), fail);
	cli_field("node", "%s", rotation.node_id);
	cli_field("machine key", "%s", key_encode(rotation.machine_public_key.b, machine));
	cli_field("WireGuard key", "%s", key_encode(rotation.wg_public_key.b, wg));
	return 0;
}

static int run_rotate(const struct cli_args *args, struct ls_fail *fail)
{
	if (!cli_given(args, "machine-public-key") && !cli_given(args, "wg-public-key"))
		return ls_fail_set(
		        fail, LS_ERROR_USAGE,
		        "nothing to rotate: give --machine-public-key or --wg-public-key");
	return admin_run(args, rotate, fail);
}

static const struct cli_option rotate_options[] = {
        {
                .name = "machine-public-key",
                .kind = CLI_TEXT,
                .placeholder = "KEY",
                .help = "the node's new machine key, in base64",
        },
        {
                .name = "wg-public-key",
                .kind = CLI_TEXT,
                .placeholder = "KEY",
                .help = "the node's new WireGuard key, in base64",
        },
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_keys_rotate = {
        .path = "admin keys rotate",
        .summary = "Record new public keys of a node; this also lifts a revocation",
        .positionals = {CLI_NODE_POSITIONAL},
        .options = rotate_options,
        .run = run_rotate,
};

static void print_history(const struct key_history *history)
{
	static const char *const headers[] = {"TYPE", "PUBLIC KEY", "CREATED", "REVOKED", NULL};
	struct cli_table *table = cli_table_new(headers);
	int64_t now = ls_wall_s();
	char key[LS_KEY_TEXT], age[CLI_AGE_TEXT];

	for (size_t i = 0; i < history->key_count; i++) {
		const struct key_record *record = &history->keys[i];

		cli_table_cell(table, proto_key_type_name(record->key_type));
		cli_table_cell(table, key_encode(record->public_key, key));
		cli_table_cell(table, cli_ago(record->created_at, now, age));
		cli_table_cell(table,
		               record->revoked_at ? cli_ago(record->revoked_at, now, age) : "-");
	}
	cli_table_print(table, stdout, "no keys");
	cli_table_free(table);
}

static int history(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_KEYS_LIST,
	                                  .params = {args->positionals[0]}};
	struct key_history keys = {0};
	int r = SESSION_CALL(session, &call, proto_key_history_decode, &keys, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_key_history_encode(&keys), fail);
	print_history(&keys);
	return 0;
}

static int run_history(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, history, fail);
}

const struct cli_command admin_keys_history = {
        .path = "admin keys history",
        .summary = "List the current and former keys of a node",
        .positionals = {CLI_NODE_POSITIONAL},
        .options = admin_json_options,
        .run = run_history,
};
