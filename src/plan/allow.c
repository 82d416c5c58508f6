/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/allow.h"

#include <string.h>
#include <strings.h>

#include "proto/names.h"

/* Ranges that are not routed in the Internet: for private networks (RFC 1918, RFC 6598, RFC 4193),
 * for benchmarks (RFC 2544) and for documentation (RFC 5737, RFC 3849, RFC 9637). A network with
 * such a prefix hides no host of the Internet. */
static const char *const private_ranges[] = {
        "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",  "100.64.0.0/10",
        "198.18.0.0/15", "192.0.2.0/24",  "198.51.100.0/24", "203.0.113.0/24",
        "fc00::/7",      "2001:db8::/32", "3fff::/20",
};

static bool covers(const struct ls_prefix *outer, const struct ls_prefix *inner)
{
	return outer->bits <= inner->bits && ls_prefix_contains(outer, &inner->ip);
}

static bool is_private(const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < sizeof(private_ranges) / sizeof(private_ranges[0]); i++) {
		struct ls_prefix range;

		if (ls_prefix_parse(private_ranges[i], &range) == 0 && covers(&range, prefix))
			return true;
	}
	return false;
}

void plan_allow_prefix(const struct ls_prefix *prefix, const struct plan_allow *allow,
                       const struct plan_facts *facts, struct ls_buf *why)
{
	const struct ls_prefix *clash = NULL;
	char text[LS_PREFIX_TEXT];

	for (size_t i = 0; i < allow->prefix_count; i++) {
		if (covers(&allow->prefixes[i], prefix))
			return;
	}
	/* Wider ones are parts of the Internet: some programs replace the default route by them. */
	for (size_t i = 0; i < facts->local_prefix_count && !clash; i++) {
		const struct ls_prefix *local = &facts->local_prefixes[i];

		if (is_private(local) && ls_prefix_overlaps(local, prefix))
			clash = local;
	}
	if (!is_private(prefix))
		ls_buf_puts(why, "it has public addresses");
	else if (clash)
		ls_buf_printf(why, "it overlaps %s, which this host reaches in another way",
		              ls_prefix_format(clash, text));
	else
		return;
	ls_buf_printf(why, "; --allow-prefix %s uses it all the same",
	              ls_prefix_format(prefix, text));
}

/* Domains that nobody can register: reserved by IANA (RFC 6761, RFC 6762, RFC 8375, RFC 9476) or by
 * ICANN (internal, and home, corp, mail), or used by so many private networks that they will never
 * be given away. Our server names its networks below "lightscale". */
static const char *const private_domains[] = {
        "lightscale", "internal", "home.arpa", "lan",     "home",    "corp", "intranet",
        "private",    "local",    "test",      "example", "invalid", "alt",
};

/* Domains below those that something else on many hosts answers for. */
static const char *const taken_domains[] = {
        "google.internal", "ec2.internal",        "compute.internal",
        "docker.internal", "containers.internal", "cluster.local",
};

bool plan_allow_is_below(const char *name, const char *domain)
{
	size_t len = strlen(name), domain_len = strlen(domain);

	if (len < domain_len || strcasecmp(name + len - domain_len, domain) != 0)
		return false;
	return len == domain_len || name[len - domain_len - 1] == '.';
}

static bool is_below_one(const char *domain, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (plan_allow_is_below(domain, list[i]))
			return true;
	}
	return false;
}

/* A private domain itself is not enough: names like router.lan are those of the local network. */
static bool is_private_domain(const char *domain)
{
	for (size_t i = 0; i < sizeof(private_domains) / sizeof(private_domains[0]); i++) {
		if (plan_allow_is_below(domain, private_domains[i]))
			return strlen(domain) > strlen(private_domains[i]);
	}
	return false;
}

/* The control server's own name, and the names below it, are its to give. */
static bool is_servers_own(const char *domain, const struct plan_facts *facts)
{
	for (size_t i = 0; i < facts->control_hosts.count; i++) {
		const char *host = facts->control_hosts.items[i];

		if (strchr(host, '.') && plan_allow_is_below(domain, host))
			return true;
	}
	return false;
}

void plan_allow_domain(const char *domain, const struct plan_allow *allow,
                       const struct plan_facts *facts, struct ls_buf *why)
{
	/* No option could name it. */
	if (proto_name_check_domain(domain, "domain", NULL) < 0) {
		ls_buf_puts(why, "it is no DNS name");
		return;
	}
	if (is_below_one(domain, allow->domains.items, allow->domains.count) ||
	    is_servers_own(domain, facts))
		return;
	if (is_below_one(domain, taken_domains, sizeof(taken_domains) / sizeof(taken_domains[0])))
		ls_buf_puts(why, "other services use names below it");
	else if (!is_private_domain(domain))
		ls_buf_puts(why, "others may have names below it");
	else
		return;
	ls_buf_printf(why, "; --allow-domain %s uses it all the same", domain);
}
