/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/platform.h"
#include "base/str.h"
#include "cli/frame/args.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/host/commands.h"
#include "json/json.h"

static void put_support(struct json_writer *w, const char *name, enum platform_support support)
{
	json_put_string(w, name, cli_platform_support_name(support));
}

static json_t *encode_capabilities(const struct platform_capabilities *can)
{
	struct json_writer w = json_begin();

	put_support(&w, "wireguard", can->wireguard);
	put_support(&w, "advertised_routes", can->advertised_routes);
	put_support(&w, "advanced_route_policy", can->advanced_route_policy);
	put_support(&w, "router_mode", can->router_mode);
	put_support(&w, "dns_local_server", can->dns_local_server);
	put_support(&w, "dns_resolver_integration", can->dns_resolver_integration);
	put_support(&w, "daemon_supervision", can->daemon_supervision);
	put_support(&w, "os_service_integration", can->os_service_integration);
	json_put_string(&w, "note", can->note);
	return json_finish(&w);
}

/* The service managers that existing clients name on Linux, whether they are here or not. */
static struct string_list known_managers(const struct platform *platform)
{
	static const char *const on_linux[] = {"systemd", "openrc", "procd", "none"};

	if (ls_streq(platform->os, "linux"))
		return (struct string_list){.items = on_linux, .count = 4};
	return (struct string_list){0};
}

static int print_json(const struct platform *platform, struct ls_fail *fail)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "os", platform->os);
	json_put_string(&w, "arch", platform->arch);
	json_put_string(&w, "control_plane", cli_platform_support_name(platform->control_plane));
	json_put_string(&w, "data_plane", cli_platform_support_name(platform->data_plane));
	json_put_string(&w, "service_integration",
	                cli_platform_support_name(platform->service_integration));
	json_put(&w, "data_plane_capabilities", encode_capabilities(&platform->capabilities));
	json_put_strings(&w, "service_managers", known_managers(platform));
	json_put_strings(&w, "service_managers_found",
	                 (struct string_list){.items = platform->service_managers,
	                                      .count = platform->service_manager_count});
	json_put_string(&w, "note", platform->note);
	return cli_print_json(json_finish(&w), fail);
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct platform platform;

	cli_platform_look(&platform);
	if (cli_given(args, "json"))
		return print_json(&platform, fail);
	cli_field("host", "%s %s", platform.os, platform.arch);
	cli_field("control plane", "%s", cli_platform_support_name(platform.control_plane));
	cli_field("data plane", "%s", cli_platform_support_name(platform.data_plane));
	cli_field("services", "%s", cli_platform_support_name(platform.service_integration));
	cli_field_list("managers", (struct string_list){.items = platform.service_managers,
	                                                .count = platform.service_manager_count});
	cli_field("note", "%s", platform.note);
	return 0;
}

static const struct cli_option options[] = {
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command host_platform = {
        .path = "platform",
        .summary = "Print what works on this host",
        .options = options,
        .run = run,
};
