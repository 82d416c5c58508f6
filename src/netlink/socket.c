/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/socket.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

enum {
	REQUEST_FIRST = 1024, /* first size in bytes; it grows */
	ANSWER_MAX = 32768,   /* the kernel fills at most this much per read of a dump */
	KERNEL_TEXT = 128,
};

struct nl_socket {
	struct mnl_socket *socket;
	uint32_t seq;
	uint64_t writes;
	struct nlmsghdr *request; /* malloced; the header has its length */
	size_t request_cap;
	int failed; /* error of putting something into the request; sticky until nl_begin */
	char kernel_text[KERNEL_TEXT]; /* extended acknowledgement of the last request */
	_Alignas(16) char answer[ANSWER_MAX];
};

int nl_socket_open(int family, struct nl_socket **ret, struct ls_fail *fail)
{
	struct nl_socket *socket = ls_new(struct nl_socket);
	int on = 1;

	socket->request = ls_new_bytes(REQUEST_FIRST);
	socket->request_cap = REQUEST_FIRST;
	socket->socket = mnl_socket_open2(family, SOCK_CLOEXEC);
	if (!socket->socket || mnl_socket_bind(socket->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = ls_fail_set(fail, -errno, "cannot open a netlink socket: %s",
		                    strerror(errno));

		nl_socket_close(socket);
		return r;
	}
	/* Old kernels have neither. Then there are no explanations, and we filter more
	 * ourselves. */
	(void)mnl_socket_setsockopt(socket->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(socket->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*ret = socket;
	return 0;
}

void nl_socket_close(struct nl_socket *socket)
{
	if (!socket)
		return;
	if (socket->socket)
		(void)mnl_socket_close(socket->socket);
	free(socket->request);
	free(socket);
}

uint64_t nl_socket_writes(const struct nl_socket *socket)
{
	return socket->writes;
}

/* --- the request --- */

void nl_begin(struct nl_socket *socket, uint16_t type, uint16_t flags)
{
	*socket->request = (struct nlmsghdr){.nlmsg_len = sizeof(struct nlmsghdr),
	                                     .nlmsg_type = type,
	                                     .nlmsg_flags = NLM_F_REQUEST | flags,
	                                     .nlmsg_seq = ++socket->seq};
	socket->failed = 0;
}

/* Appends `len` zeroed bytes and padding to the request, which may move. NULL after a failure. */
static void *append(struct nl_socket *socket, size_t len)
{
	size_t at = socket->request->nlmsg_len, padded = (len + 3) & ~(size_t)3;
	void *request = socket->request;

	if (socket->failed < 0)
		return NULL;
	socket->failed = ls_try_grow(&request, &socket->request_cap, at + padded, 1);
	if (socket->failed < 0)
		return NULL;
	socket->request = request;
	socket->request->nlmsg_len = (uint32_t)(at + padded);
	return memset((char *)request + at, 0, padded);
}

void *nl_put_header(struct nl_socket *socket, size_t len)
{
	/* The first allocation has room for the header of any family. */
	assert(socket->request->nlmsg_len == sizeof(struct nlmsghdr) &&
	       sizeof(struct nlmsghdr) + len <= REQUEST_FIRST);
	return append(socket, len);
}

void nl_put(struct nl_socket *socket, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr;

	if (len > UINT16_MAX - sizeof(*attr)) {
		socket->failed = -EMSGSIZE;
		return;
	}
	attr = append(socket, sizeof(*attr) + len);
	if (!attr)
		return;
	attr->nla_type = type;
	attr->nla_len = (uint16_t)(sizeof(*attr) + len);
	memcpy(attr + 1, data, len);
}

void nl_put_u32(struct nl_socket *socket, uint16_t type, uint32_t value)
{
	nl_put(socket, type, &value, sizeof(value));
}

void nl_put_strz(struct nl_socket *socket, uint16_t type, const char *s)
{
	nl_put(socket, type, s, strlen(s) + 1);
}

void nl_put_ip(struct nl_socket *socket, uint16_t type, const struct ls_ip *ip)
{
	nl_put(socket, type, ip->b, ls_ip_len(ip));
}

/* --- answers --- */

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

unsigned char nl_ip_family(const struct ls_ip *ip)
{
	return ip->family == LS_FAMILY_V4 ? AF_INET : AF_INET6;
}

/* The code of an NLMSG_ERROR message; keeps the kernel's text. */
static int read_error(struct nl_socket *socket, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table[NLMSGERR_ATTR_MSG + 1];
	size_t header_len = sizeof(*error);
	const char *text;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return error->error;
	/* Without this flag, the attributes follow a copy of the whole request. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		header_len += error->msg.nlmsg_len - sizeof(error->msg);
	if (mnl_nlmsg_get_payload_len(nlh) < header_len)
		return -EBADMSG;
	nl_attributes(nlh, header_len, table, NLMSGERR_ATTR_MSG + 1);
	text = table[NLMSGERR_ATTR_MSG] ? mnl_attr_get_payload(table[NLMSGERR_ATTR_MSG]) : NULL;
	if (text)
		(void)snprintf(socket->kernel_text, sizeof(socket->kernel_text), "%.*s",
		               mnl_attr_get_payload_len(table[NLMSGERR_ATTR_MSG]), text);
	return error->error;
}

struct reading {
	nl_message_fn fn;
	void *data;
	int code;
	bool ended;
	bool interrupted;
};

static void read_message(struct nl_socket *socket, const struct nlmsghdr *nlh,
                         struct reading *reading)
{
	int r = 0;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reading->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		r = read_error(socket, nlh);
		reading->ended = true;
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		/* The end of a dump has an error code too. */
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(int))
			memcpy(&r, mnl_nlmsg_get_payload(nlh), sizeof(r));
		reading->ended = true;
	} else if (reading->code == 0 && reading->fn) {
		r = reading->fn(nlh, reading->data);
	}
	if (reading->code == 0 && r < 0)
		reading->code = r;
}

static int read_answers(struct nl_socket *socket, struct reading *reading)
{
	while (!reading->ended) {
		ssize_t got =
		        mnl_socket_recvfrom(socket->socket, socket->answer, sizeof(socket->answer));
		const struct nlmsghdr *nlh = (const void *)socket->answer;
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			/* Ignore answers that belong to an earlier request. */
			if (nlh->nlmsg_seq == socket->seq)
				read_message(socket, nlh, reading);
		}
	}
	return reading->code < 0 || !reading->interrupted ? reading->code : -EINTR;
}

int nl_run(struct nl_socket *socket, bool write, nl_message_fn fn, void *data)
{
	struct reading reading = {.fn = fn, .data = data};
	struct nlmsghdr *nlh = socket->request;

	socket->kernel_text[0] = '\0';
	if (socket->failed < 0)
		return socket->failed;
	if (write)
		socket->writes++;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP || write)
		nlh->nlmsg_flags |= NLM_F_ACK;
	while (mnl_socket_sendto(socket->socket, nlh, nlh->nlmsg_len) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return read_answers(socket, &reading);
}

int nl_fail(const struct nl_socket *socket, struct ls_fail *fail, int code, const char *fmt, ...)
{
	char what[256];
	bool more = socket->kernel_text[0] != '\0';
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return ls_fail_set(fail, code, "cannot %s: %s%s%s%s", what, ls_strerror(code),
	                   more ? " (" : "", socket->kernel_text, more ? ")" : "");
}
