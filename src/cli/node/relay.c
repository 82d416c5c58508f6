/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/session/call.h"

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	const struct netmap *map;
	int r = session_open(args, &session, fail);

	if (r == 0)
		r = session_fresh_netmap(&session, fail);
	if (r < 0)
		return r;
	map = session.state->last_netmap;
	if (cli_given(args, "json"))
		return cli_print_json(proto_relay_config_encode(&map->relay), fail);
	cli_field_list("STUN", map->relay.stun_servers);
	cli_field_list("TURN", map->relay.turn_servers);
	cli_field_list("stream relay", map->relay.stream_relay_servers);
	cli_field_list("UDP relay", map->relay.udp_relay_servers);
	cli_field_list("DNS", map->relay.dns_servers);
	return 0;
}

static const struct cli_option options[] = {
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_relay = {
        .path = "relay",
        .summary = "Print the relays and other servers that the network announces",
        .description =
                "They come from the netmap, which is fetched; if no server answers, from the\n"
                "stored one, and a note says so.",
        .options = options,
        .run = run,
};
