/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "agent/guard.h"
#include "base/cleanup.h"
#include "cli/frame/check.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/frame/routes.h"
#include "cli/node/commands.h"
#include "cli/node/stun.h"
#include "cli/session/call.h"
#include "cli/session/session.h"
#include "cli/show/node_text.h"
#include "net/host_ports.h"
#include "proto/heartbeat.h"
#include "proto/limits.h"

struct route_array {
	struct route items[LIMIT_ROUTES];
	size_t count;
};

/* Adds a route unless its prefix is there already. --route P together with --route-map P=M
 * announces P once, mapped. */
static void add_route(struct route_array *routes, const struct route *route)
{
	for (size_t i = 0; i < routes->count; i++) {
		struct route *other = &routes->items[i];

		if (!ls_prefix_equal(&other->prefix, &route->prefix))
			continue;
		if (!other->has_mapped)
			*other = *route;
		return;
	}
	routes->items[routes->count++] = *route;
}

static int add_routes(const struct cli_args *args, struct route_array *ret, struct ls_fail *fail)
{
	size_t prefix_count, map_count;
	LS_FREE const char **prefixes = cli_list(args, "route", &prefix_count);
	LS_FREE const char **maps = cli_list(args, "route-map", &map_count);
	static const char *const exits[] = {"0.0.0.0/0", "::/0"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < prefix_count; i++) {
		struct route route = {.enabled = true};

		r = ls_prefix_parse_network(prefixes[i], &route.prefix);
		route.kind = route.prefix.bits == 0 ? ROUTE_EXIT : ROUTE_SUBNET;
		add_route(ret, &route);
	}
	for (size_t i = 0; r == 0 && i < map_count; i++) {
		struct route route = {.kind = ROUTE_SUBNET, .enabled = true, .has_mapped = true};

		r = cli_mapping_parse(maps[i], &route.prefix, &route.mapped_prefix);
		add_route(ret, &route);
	}
	for (size_t i = 0; r == 0 && cli_given(args, "exit-node") && i < 2; i++) {
		struct route route = {.kind = ROUTE_EXIT, .enabled = true};

		r = ls_prefix_parse(exits[i], &route.prefix);
		add_route(ret, &route);
	}
	return r < 0 ? ls_fail_set(fail, LS_ERROR_USAGE, "a route does not parse") : 0;
}

static int check_usage(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_count(args, "endpoint") > LIMIT_ENDPOINTS)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d endpoints", LIMIT_ENDPOINTS);
	if (cli_count(args, "route") + cli_count(args, "route-map") + 2 > LIMIT_ROUTES)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d routes", LIMIT_ROUTES - 2);
	return node_stun_check(args, fail);
}

/* For SESSION_CALL; only the warnings are in `arena`, because a netmap has its own. */
static int decode_answer(const json_t *json, struct ls_arena *arena, struct netmap **ret,
                         struct ls_fail *fail)
{
	struct string_list warnings = proto_answer_warnings(json, arena);

	for (size_t i = 0; i < warnings.count; i++)
		cli_note("The server says: %s.", warnings.items[i]);
	return proto_heartbeat_answer_decode(json, ret, fail);
}

/* whether an agent runs with a state file; NULL in a build without the data plane */
static bool (*const is_running)(const char *state_path) = CLI_DATA_PLANE(agent_guard_is_held);

/* Beside a running agent, what is given comes on top of what the node announces by now: the body
 * gets both, and the state file tells the agent to go on announcing it. */
static int add_to_agent(const struct cli_args *args, struct session *session, json_t **body,
                        struct ls_fail *fail)
{
	struct heartbeat now = {.node_id = session->state->node_id,
	                        .listen_port = (uint16_t)cli_number(args, "listen-port")};
	json_t *more = session->state->announced;
	bool replace = cli_given(args, "replace");
	json_t *all = NULL;
	int r;

	session->announces = true;
	session->state->announced = NULL;
	if (!is_running || !is_running(session->state_path)) {
		json_decref(more);
		return 0;
	}
	if (!more || replace) {
		json_decref(more);
		more = json_object();
	}
	session->state->announced = more;
	if (!more || !proto_heartbeat_prepend(more, *body))
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	if (replace)
		return 0;
	r = session_fetch_netmap(session, fail);
	if (r < 0)
		return r;
	now.endpoints = session->state->last_netmap->node.peer.endpoints;
	now.routes = session->state->last_netmap->node.peer.routes;
	all = proto_heartbeat_encode(&now);
	if (!all || !proto_heartbeat_prepend(all, *body)) {
		json_decref(all);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	json_decref(*body);
	*body = all;
	return 0;
}

static void say_unresolved(void *arg, const char *host_port, const char *reason, bool first)
{
	(void)arg;
	(void)first;
	cli_note("--endpoint %s is not announced: %s", host_port, reason);
}

static int resolve_endpoints(const struct cli_args *args, struct net_host_ports **ret,
                             struct ls_fail *fail)
{
	const struct net_host_ports_handler handler = {.failed = say_unresolved};
	struct string_list list = {0};
	LS_FREE const char **given = cli_list(args, "endpoint", &list.count);

	list.items = given;
	*ret = net_host_ports_resolve(list, &handler);
	return *ret ? 0 : ls_fail_set(fail, -ENOMEM, "cannot look up names");
}

static int beat(const struct cli_args *args, struct session *session, const struct cli_stun *stun,
                struct ls_fail *fail)
{
	struct route_array routes = {.count = 0};
	struct heartbeat heartbeat = {
	        .node_id = session->state->node_id,
	        .listen_port = (uint16_t)cli_number(args, "listen-port"),
	};
	struct net_host_ports *given = NULL;
	LS_FREE const char **endpoints = NULL;
	struct session_call call = {.endpoint = PROTO_ENDPOINT_HEARTBEAT};
	struct netmap *map = NULL;
	int r = add_routes(args, &routes, fail);

	if (r == 0)
		r = resolve_endpoints(args, &given, fail);
	if (r < 0)
		return r;
	endpoints = node_stun_endpoints(stun, net_host_ports_endpoints(given),
	                                &heartbeat.endpoints.count);
	heartbeat.routes = (struct route_list){.items = routes.items, .count = routes.count};
	heartbeat.endpoints.items = endpoints;
	call.body = proto_heartbeat_encode(&heartbeat);
	net_host_ports_free(given);
	r = add_to_agent(args, session, &call.body, fail);
	if (r < 0) {
		json_decref(call.body);
		return r;
	}
	r = SESSION_CALL(session, &call, decode_answer, &map, fail);
	if (r < 0)
		return r;
	session_take_netmap(session, map);
	return session_save_state(session, fail);
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct cli_stun stun LS_CLEANUP(node_stun_done) = {0};
	int r = check_usage(args, fail);

	if (r == 0)
		cli_routes_note(args, "route");
	if (r == 0)
		r = session_open(args, &session, fail);
	if (r == 0)
		r = session_load_state(&session, fail);
	if (r == 0)
		r = session_need_urls(&session, fail);
	if (r == 0)
		r = node_stun_run(args, &session, &stun, fail);
	if (r == 0)
		r = beat(args, &session, &stun, fail);
	if (r != 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_netmap_encode(session.state->last_netmap), fail);
	show_node_text_print(&session);
	node_stun_print(&stun);
	cli_field("peers", "%zu", session.state->last_netmap->peer_count);
	return 0;
}

static const struct cli_option options[] = {
        {
                .name = "endpoint",
                .kind = CLI_ENDPOINT,
                .repeatable = true,
                .placeholder = "HOST:PORT",
                .help = "where peers can reach this node; a name is announced as its addresses",
        },
        {
                .name = "listen-port",
                .kind = CLI_NUMBER,
                .placeholder = "PORT",
                .help = "let the server add the address that it sees, with this port",
                .min = 1,
                .max = 65535,
        },
        {
                .name = "route",
                .kind = CLI_ROUTE,
                .repeatable = true,
                .placeholder = "PREFIX",
                .help = "a subnet behind this node; 0.0.0.0/0 and ::/0: as exit node",
        },
        {
                .name = "route-map",
                .kind = CLI_MAPPING,
                .repeatable = true,
                .placeholder = "REAL=MAPPED",
                .help = "a subnet behind this node that peers see under other addresses",
        },
        {
                .name = "replace",
                .kind = CLI_FLAG,
                .help = "beside a running agent: announce nothing else until its next heartbeat",
        },
        {.name = "exit-node", .kind = CLI_FLAG, .help = "offer this node as exit node"},
        CLI_OPTION_STUN,
        CLI_OPTION_STUN_SERVER,
        CLI_OPTION_STUN_PORT,
        CLI_OPTION_STUN_TIMEOUT,
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_heartbeat = {
        .path = "heartbeat",
        .summary = "Send one heartbeat and store the netmap it brings",
        .description =
                "It replaces what the node announced before: endpoints and routes that are not\n"
                "given are withdrawn. Beside a running agent, which sends heartbeats by itself, it\n"
                "adds to what the agent announces, until that ends.",
        .options = options,
        .run = run,
};
