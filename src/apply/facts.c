/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "net/resolv_conf.h"

/* Where local forwarders such as systemd-resolved and dnsmasq write down whom they ask. They matter
 * when resolv.conf itself names only this host. */
static const char *const resolv_confs[] = {
        "/etc/resolv.conf",
        "/run/systemd/resolve/resolv.conf",
        "/run/dnsmasq/resolv.conf",
};

int apply_facts_add_underlay(struct apply_facts *facts, const struct ls_ip *ip,
                             enum plan_underlay_kind kind)
{
	void *items = facts->underlay;
	size_t count = facts->facts.underlay_count;
	int r;

	for (size_t i = 0; i < count; i++) {
		if (ls_ip_equal(&facts->underlay[i].ip, ip))
			return 0;
	}
	r = ls_try_grow(&items, &facts->underlay_cap, count + 1, sizeof(*facts->underlay));
	if (r < 0)
		return r;
	facts->underlay = items;
	facts->underlay[count] = (struct plan_underlay){.ip = *ip, .kind = kind};
	facts->facts.underlay = facts->underlay;
	facts->facts.underlay_count = count + 1;
	return 0;
}

static int add_name_servers(struct apply_facts *facts)
{
	bool more = true;

	for (size_t i = 0; more && i < sizeof(resolv_confs) / sizeof(resolv_confs[0]); i++) {
		struct net_resolv_conf conf;

		net_resolv_conf_read(resolv_confs[i], &conf);
		more = conf.server_count == 0;
		for (size_t j = 0; j < conf.server_count; j++) {
			const struct ls_ip *ip = &conf.servers[j].ip;
			int r = apply_facts_add_underlay(facts, ip, PLAN_UNDERLAY_RESOLVER);

			if (r < 0)
				return r;
			more = more || ls_ip_is_loopback(ip);
		}
	}
	return 0;
}

uint64_t apply_facts_name_servers_stamp(void)
{
	uint64_t stamp = 0;

	for (size_t i = 0; i < sizeof(resolv_confs) / sizeof(resolv_confs[0]); i++) {
		struct stat st = {0};
		uint64_t parts[5];

		(void)stat(resolv_confs[i], &st); /* all zeros: it is not there */
		parts[0] = (uint64_t)st.st_dev;
		parts[1] = (uint64_t)st.st_ino;
		parts[2] = (uint64_t)st.st_size;
		parts[3] = (uint64_t)st.st_mtim.tv_sec;
		parts[4] = (uint64_t)st.st_mtim.tv_nsec;
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			stamp = (stamp ^ parts[j]) * 0x100000001b3; /* FNV-1a, of whole numbers */
	}
	return stamp;
}

static int read_facts(const struct apply_facts_query *query, struct apply_facts *facts)
{
	int r = control_reach_make(query->urls, query->known, &facts->reach);

	if (r < 0)
		return r;
	facts->facts.control_hosts = facts->reach.hosts;
	for (size_t i = 0; i < facts->reach.address_count; i++) {
		r = apply_facts_add_underlay(facts, &facts->reach.addresses[i],
		                             PLAN_UNDERLAY_CONTROL);
		if (r < 0)
			return r;
	}
	r = add_name_servers(facts);
	if (r < 0 || !query->hosts_path)
		return r;
	r = apply_hosts_names_read(query->hosts_path, query->profile, &facts->names);
	facts->facts.local_names = facts->names.list;
	return r;
}

int apply_facts_read(const struct apply_facts_query *query, struct apply_facts *ret,
                     struct ls_fail *fail)
{
	struct apply_facts facts = {0};
	int r = read_facts(query, &facts);

	if (r < 0) {
		apply_facts_done(&facts);
		return ls_fail_set(fail, r, "cannot find out about this host: %s", ls_strerror(r));
	}
	*ret = facts;
	return 0;
}

void apply_facts_done(struct apply_facts *facts)
{
	control_reach_done(&facts->reach);
	apply_hosts_names_done(&facts->names);
	free(facts->addresses);
	free(facts->prefixes);
	free(facts->underlay);
	*facts = (struct apply_facts){0};
}
