/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/state/secrets.h"

static void free_list(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((void *)(uintptr_t)list->items[i]);
	list->count = 0;
}

void options_done(struct options *options)
{
	struct option_list *const lists[] = {&options->control_urls, &options->stun,
	                                     &options->turn,         &options->stream_relay,
	                                     &options->udp_relay,    &options->dns};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free_list(lists[i]);
	if (options->admin_token)
		state_secret_wipe(options->admin_token, strlen(options->admin_token));
	free(options->admin_token);
	free(options->state_path);
	free(options->import_path);
	free(options->user);
	free(options->tls_cert);
	free(options->tls_key);
	free(options->config_path);
	*options = (struct options){0};
}

static struct string_list as_strings(const struct option_list *list)
{
	return (struct string_list){.items = list->items, .count = list->count};
}

bool options_relay(const struct options *options, struct relay_config *ret)
{
	*ret = (struct relay_config){.stun_servers = as_strings(&options->stun),
	                             .turn_servers = as_strings(&options->turn),
	                             .stream_relay_servers = as_strings(&options->stream_relay),
	                             .udp_relay_servers = as_strings(&options->udp_relay),
	                             .dns_servers = as_strings(&options->dns)};
	return ret->stun_servers.count + ret->turn_servers.count + ret->stream_relay_servers.count +
	               ret->udp_relay_servers.count + ret->dns_servers.count >
	       0;
}
