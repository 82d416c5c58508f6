/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/message.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

enum {
	REQUEST_MAX = 1024,
	ANSWER_MAX = 32768, /* what the kernel fills at most per read of a dump */
	KERNEL_TEXT = 128,
};

struct rtnl {
	struct mnl_socket *socket;
	uint32_t seq;
	uint64_t writes;
	char kernel_text[KERNEL_TEXT]; /* extended acknowledgement of the last request */
	_Alignas(16) char request[REQUEST_MAX];
	_Alignas(16) char answer[ANSWER_MAX];
};

int rtnl_open(struct rtnl **ret, struct ls_fail *fail)
{
	struct rtnl *rtnl = ls_new(struct rtnl);
	int on = 1;

	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket || mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = ls_fail_set(fail, -errno, "cannot open a netlink socket: %s",
		                    strerror(errno));

		rtnl_close(rtnl);
		return r;
	}
	/* Old kernels have neither: then there is less to say, and more to filter here. */
	(void)mnl_socket_setsockopt(rtnl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(rtnl->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*ret = rtnl;
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	if (rtnl->socket)
		(void)mnl_socket_close(rtnl->socket);
	free(rtnl);
}

uint64_t rtnl_writes(const struct rtnl *rtnl)
{
	return rtnl->writes;
}

struct nlmsghdr *nl_begin(struct rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rtnl->request);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++rtnl->seq;
	return nlh;
}

struct attribute_table {
	const struct nlattr **table;
	size_t count;
};

static struct attribute_table empty_table(const struct nlattr **table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		table[i] = NULL;
	return (struct attribute_table){.table = table, .count = count};
}

static int collect(const struct nlattr *attr, void *data)
{
	struct attribute_table *t = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < t->count)
		t->table[type] = attr;
	return MNL_CB_OK;
}

void nl_attributes(const struct nlmsghdr *nlh, size_t header_len, const struct nlattr **table,
                   size_t count)
{
	struct attribute_table t = empty_table(table, count);

	(void)mnl_attr_parse(nlh, (unsigned)header_len, collect, &t);
}

void nl_nested(const struct nlattr *nest, const struct nlattr **table, size_t count)
{
	struct attribute_table t = empty_table(table, count);

	if (nest)
		(void)mnl_attr_parse_nested(nest, collect, &t);
}

uint32_t nl_get_u32(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= sizeof(uint32_t) ? mnl_attr_get_u32(attr)
	                                                                  : 0;
}

bool nl_get_ip(const struct nlattr *attr, unsigned char family, struct ls_ip *ret)
{
	enum ls_family is = family == AF_INET ? LS_FAMILY_V4 : LS_FAMILY_V6;
	size_t len = ls_family_bits(is) / 8;

	if (!attr || (family != AF_INET && family != AF_INET6) ||
	    mnl_attr_get_payload_len(attr) != len)
		return false;
	*ret = (struct ls_ip){.family = is};
	memcpy(ret->b, mnl_attr_get_payload(attr), len);
	return true;
}

void nl_put_ip(struct nlmsghdr *nlh, uint16_t type, const struct ls_ip *ip)
{
	mnl_attr_put(nlh, type, ls_ip_len(ip), ip->b);
}

unsigned char nl_ip_family(const struct ls_ip *ip)
{
	return ip->family == LS_FAMILY_V4 ? AF_INET : AF_INET6;
}

/* The code of an NLMSG_ERROR message; keeps the kernel's text. */
static int read_error(struct rtnl *rtnl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table[NLMSGERR_ATTR_MSG + 1];
	size_t header_len = sizeof(*error);
	const char *text;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return error->error;
	/* Without this flag the whole request is repeated before the attributes. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		header_len += error->msg.nlmsg_len - sizeof(error->msg);
	if (mnl_nlmsg_get_payload_len(nlh) < header_len)
		return -EBADMSG;
	nl_attributes(nlh, header_len, table, NLMSGERR_ATTR_MSG + 1);
	text = table[NLMSGERR_ATTR_MSG] ? mnl_attr_get_payload(table[NLMSGERR_ATTR_MSG]) : NULL;
	if (text)
		(void)snprintf(rtnl->kernel_text, sizeof(rtnl->kernel_text), "%.*s",
		               mnl_attr_get_payload_len(table[NLMSGERR_ATTR_MSG]), text);
	return error->error;
}

struct reading {
	message_fn fn;
	void *data;
	int code;
	bool ended;
	bool interrupted;
};

static void read_message(struct rtnl *rtnl, const struct nlmsghdr *nlh, struct reading *reading)
{
	int r = 0;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reading->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		r = read_error(rtnl, nlh);
		reading->ended = true;
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		/* The end of a dump carries a code too. */
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(int))
			memcpy(&r, mnl_nlmsg_get_payload(nlh), sizeof(r));
		reading->ended = true;
	} else if (reading->code == 0 && reading->fn) {
		r = reading->fn(nlh, reading->data);
	}
	if (reading->code == 0 && r < 0)
		reading->code = r;
}

static int read_answers(struct rtnl *rtnl, struct reading *reading)
{
	while (!reading->ended) {
		ssize_t got = mnl_socket_recvfrom(rtnl->socket, rtnl->answer, sizeof(rtnl->answer));
		const struct nlmsghdr *nlh = (const void *)rtnl->answer;
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			/* What an abandoned request left behind is not for this one. */
			if (nlh->nlmsg_seq == rtnl->seq)
				read_message(rtnl, nlh, reading);
		}
	}
	return reading->code < 0 || !reading->interrupted ? reading->code : -EINTR;
}

int nl_run(struct rtnl *rtnl, struct nlmsghdr *nlh, bool write, message_fn fn, void *data)
{
	struct reading reading = {.fn = fn, .data = data};

	rtnl->kernel_text[0] = '\0';
	if (write)
		rtnl->writes++;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP || write)
		nlh->nlmsg_flags |= NLM_F_ACK;
	while (mnl_socket_sendto(rtnl->socket, nlh, nlh->nlmsg_len) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return read_answers(rtnl, &reading);
}

int nl_fail(const struct rtnl *rtnl, struct ls_fail *fail, int code, const char *fmt, ...)
{
	char what[256];
	bool more = rtnl->kernel_text[0] != '\0';
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return ls_fail_set(fail, code, "cannot %s: %s%s%s%s", what, ls_strerror(code),
	                   more ? " (" : "", rtnl->kernel_text, more ? ")" : "");
}
