/* SPDX-License-Identifier: Apache-2.0 */
/* Any resolv.conf(5). */
#include <stdlib.h>
#include <string.h>

#include "net/resolv_conf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct net_resolv_conf conf;
	bool has_zone = false;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	net_resolv_conf_parse(text, &conf);
	FUZZ_CHECK(conf.server_count <= NET_RESOLV_CONF_SERVERS_MAX);
	for (size_t i = 0; i < conf.server_count; i++) {
		const struct ls_endpoint *server = &conf.servers[i];

		FUZZ_CHECK(ls_ip_len(&server->ip) > 0 && server->port == 53);
		FUZZ_CHECK(server->scope_id == 0 || server->ip.family == LS_FAMILY_V6);
		FUZZ_CHECK(server->scope_id == 0 || net_resolv_conf_zone(&conf, &server->ip) != 0);
		has_zone |= server->scope_id != 0;
	}
	FUZZ_CHECK(conf.has_zone == has_zone);
	FUZZ_CHECK(!conf.use_vc || strstr(text, "use-vc"));
	free(text);
	return 0;
}
