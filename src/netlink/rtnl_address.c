/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "base/mem.h"
#include "netlink/rtnl.h"
#include "netlink/socket.h"

struct listing {
	uint32_t link; /* 0: all */
	struct rtnl_address_list list;
};

static int read_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table[IFA_FLAGS + 1];
	struct listing *listing = data;
	struct rtnl_address_list *list = &listing->list;
	struct rtnl_address address = {0};
	void *items = list->items;
	int r;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return -EBADMSG;
	if (listing->link && info->ifa_index != listing->link)
		return 0;
	nl_attributes(nlh, sizeof(*info), table, IFA_FLAGS + 1);
	/* On a point-to-point link IFA_ADDRESS is the address of the other end. */
	if (!nl_get_ip(table[IFA_LOCAL], info->ifa_family, &address.ip) &&
	    !nl_get_ip(table[IFA_ADDRESS], info->ifa_family, &address.ip))
		return 0;
	address.link = info->ifa_index;
	address.bits = info->ifa_prefixlen;
	address.scope = info->ifa_scope;
	address.flags = table[IFA_FLAGS] ? nl_get_u32(table[IFA_FLAGS]) : info->ifa_flags;
	r = ls_try_grow(&items, &list->cap, list->count + 1, sizeof(*list->items));
	if (r < 0)
		return r;
	list->items = items;
	list->items[list->count++] = address;
	return 0;
}

void rtnl_address_list_done(struct rtnl_address_list *list)
{
	free(list->items);
	*list = (struct rtnl_address_list){0};
}

int rtnl_address_list(struct nl_socket *rtnl, uint32_t link, struct rtnl_address_list *ret,
                      struct ls_fail *fail)
{
	struct listing listing = {.link = link};
	int r = -EINTR;

	for (int i = 0; i < NL_DUMP_TRIES && r == -EINTR; i++) {
		struct ifaddrmsg *info;

		nl_begin(rtnl, RTM_GETADDR, NLM_F_DUMP);
		info = nl_put_header(rtnl, sizeof(*info));
		info->ifa_index = link;
		rtnl_address_list_done(&listing.list);
		r = nl_run(rtnl, false, read_address, &listing);
	}
	if (r < 0) {
		rtnl_address_list_done(&listing.list);
		return nl_fail(rtnl, fail, r, "list addresses");
	}
	*ret = listing.list;
	return 0;
}

static int change_address(struct nl_socket *rtnl, uint16_t type, uint16_t flags, uint32_t link,
                          const struct ls_prefix *address)
{
	unsigned char family = nl_ip_family(&address->ip);
	struct ifaddrmsg *info;

	nl_begin(rtnl, type, flags);
	info = nl_put_header(rtnl, sizeof(*info));
	info->ifa_family = family;
	info->ifa_prefixlen = address->bits;
	info->ifa_index = link;
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	nl_put_ip(rtnl, IFA_LOCAL, &address->ip);
	nl_put_ip(rtnl, IFA_ADDRESS, &address->ip);
	if (family == AF_INET6)
		nl_put_u32(rtnl, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	return nl_run(rtnl, true, NULL, NULL);
}

int rtnl_address_add(struct nl_socket *rtnl, uint32_t link, const struct ls_prefix *address,
                     struct ls_fail *fail)
{
	char text[LS_PREFIX_TEXT];
	int r = change_address(rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, link, address);

	return r < 0 ? nl_fail(rtnl, fail, r, "add address %s", ls_prefix_format(address, text))
	             : 0;
}

int rtnl_address_delete(struct nl_socket *rtnl, uint32_t link, const struct ls_prefix *address,
                        struct ls_fail *fail)
{
	char text[LS_PREFIX_TEXT];
	int r = change_address(rtnl, RTM_DELADDR, 0, link, address);

	return r < 0 ? nl_fail(rtnl, fail, r, "remove address %s", ls_prefix_format(address, text))
	             : 0;
}
