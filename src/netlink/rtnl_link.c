/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "netlink/rtnl.h"
#include "netlink/socket.h"

static void copy_text(char *to, size_t size, const struct nlattr *attr)
{
	if (attr)
		(void)snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(attr),
		               (const char *)mnl_attr_get_payload(attr));
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table[IFLA_LINKINFO + 1], *kind[IFLA_INFO_KIND + 1];
	struct rtnl_link *ret = data;

	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return -EBADMSG;
	nl_attributes(nlh, sizeof(*info), table, IFLA_LINKINFO + 1);
	nl_nested(table[IFLA_LINKINFO], kind, IFLA_INFO_KIND + 1);
	*ret = (struct rtnl_link){.index = (uint32_t)info->ifi_index,
	                          .flags = info->ifi_flags,
	                          .mtu = nl_get_u32(table[IFLA_MTU])};
	copy_text(ret->name, sizeof(ret->name), table[IFLA_IFNAME]);
	copy_text(ret->kind, sizeof(ret->kind), kind[IFLA_INFO_KIND]);
	return 0;
}

static struct ifinfomsg *begin_link(struct nl_socket *rtnl, uint16_t type, uint32_t index)
{
	struct ifinfomsg *info;

	nl_begin(rtnl, type, 0);
	info = nl_put_header(rtnl, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)index;
	return info;
}

int rtnl_link_get(struct nl_socket *rtnl, const char *name, struct rtnl_link *ret,
                  struct ls_fail *fail)
{
	struct rtnl_link link = {0};
	int r;

	if (strlen(name) >= IF_NAMESIZE)
		return ls_fail_set(fail, -EINVAL, "interface name %s is longer than 15 bytes",
		                   name);
	(void)begin_link(rtnl, RTM_GETLINK, 0);
	nl_put_strz(rtnl, IFLA_IFNAME, name);
	r = nl_run(rtnl, false, read_link, &link);
	if (r == -ENODEV)
		return ls_fail_set(fail, r, "there is no interface %s", name);
	if (r < 0)
		return nl_fail(rtnl, fail, r, "look up interface %s", name);
	*ret = link;
	return 0;
}

int rtnl_link_get_by_index(struct nl_socket *rtnl, uint32_t index, struct rtnl_link *ret,
                           struct ls_fail *fail)
{
	struct rtnl_link link = {0};
	int r;

	(void)begin_link(rtnl, RTM_GETLINK, index);
	r = nl_run(rtnl, false, read_link, &link);
	if (r < 0)
		return nl_fail(rtnl, fail, r, "look up interface number %u", index);
	*ret = link;
	return 0;
}

int rtnl_link_set_up(struct nl_socket *rtnl, uint32_t index, struct ls_fail *fail)
{
	struct ifinfomsg *info = begin_link(rtnl, RTM_NEWLINK, index);
	int r;

	info->ifi_change = IFF_UP;
	info->ifi_flags = IFF_UP;
	r = nl_run(rtnl, true, NULL, NULL);
	return r < 0 ? nl_fail(rtnl, fail, r, "set it up") : 0;
}

int rtnl_link_set_mtu(struct nl_socket *rtnl, uint32_t index, uint32_t mtu, struct ls_fail *fail)
{
	int r;

	(void)begin_link(rtnl, RTM_NEWLINK, index);
	nl_put_u32(rtnl, IFLA_MTU, mtu);
	r = nl_run(rtnl, true, NULL, NULL);
	return r < 0 ? nl_fail(rtnl, fail, r, "set its MTU to %u", mtu) : 0;
}

int rtnl_link_delete(struct nl_socket *rtnl, uint32_t index, struct ls_fail *fail)
{
	int r;

	(void)begin_link(rtnl, RTM_DELLINK, index);
	r = nl_run(rtnl, true, NULL, NULL);
	return r < 0 ? nl_fail(rtnl, fail, r, "delete it") : 0;
}
