/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "proto/names.h"

/* Names that hosts give a meaning of their own, also where no hosts file has them. */
static const char *const reserved[] = {
        "localhost",     "localdomain",     "local",        "broadcasthost", "loopback",
        "ip6-localhost", "ip6-loopback",    "ip6-localnet", "ip6-allnodes",  "ip6-allrouters",
        "ip6-allhosts",  "ip6-mcastprefix", "gateway",      "wpad",          "isatap",
};

static bool is_control_host(const struct plan_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->control_hosts.count; i++) {
		if (strcasecmp(name, facts->control_hosts.items[i]) == 0)
			return true;
	}
	return false;
}

/* A server may name only its own nodes: a DNS name must be one label and the network's domain. */
const char *plan_names_fault(const struct network_info *network, const struct plan_facts *facts,
                             const struct peer_info *peer)
{
	const char *dot = strchr(peer->dns_name, '.');
	char label[LIMIT_NODE_NAME_LEN + 1];
	size_t len = dot ? (size_t)(dot - peer->dns_name) : 0;

	if (!dot || len >= sizeof(label) || strcasecmp(dot + 1, network->dns_domain) != 0)
		return "it is no name below the network's domain";
	memcpy(label, peer->dns_name, len);
	label[len] = '\0';
	if (proto_name_check_label(label, "label", NULL) < 0 ||
	    proto_name_check_domain(network->dns_domain, "domain", NULL) < 0)
		return "it is no DNS name";
	if (is_control_host(facts, peer->dns_name))
		return "it is a control server's name";
	return NULL;
}

const char *plan_names_short_fault(const struct plan_facts *facts, const struct ls_map *local,
                                   const char *name)
{
	char folded[LIMIT_NODE_NAME_LEN + 1];
	size_t len = strlen(name);

	if (proto_name_check_label(name, "name", NULL) < 0)
		return "it is no DNS label";
	for (size_t i = 0; i <= len; i++)
		folded[i] = (char)tolower((unsigned char)name[i]);
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (ls_streq(folded, reserved[i]))
			return "it has a meaning of its own on every host";
	}
	if (is_control_host(facts, name))
		return "it is a control server's name";
	if (ls_map_get(local, folded, len))
		return "this host has that name already";
	return NULL;
}
