/* SPDX-License-Identifier: Apache-2.0 */
/* A netlink socket (netlink(7)) of any family, over libmnl: one request at a time, and its answers.
 * It belongs to the network namespace in which it was opened. Calls block until the kernel has
 * answered. One thread a socket.
 *
 * Failures are -errno; `fail` says what was tried, on what, and the kernel's extended
 * acknowledgement text where it gave one. */
#ifndef LS_NETLINK_SOCKET_H
#define LS_NETLINK_SOCKET_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

struct nl_socket;

/* `family`: NETLINK_ROUTE, NETLINK_GENERIC and so on. */
int nl_socket_open(int family, struct nl_socket **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. */
void nl_socket_close(struct nl_socket *socket);
/* Requests sent so far that change something: a repeat without a change sends none. */
uint64_t nl_socket_writes(const struct nl_socket *socket);

/* --- the request --- */

/* Begins a request with type and flags (NLM_F_REQUEST is added). It grows with what is put into it;
 * when that fails, nl_run does. */
void nl_begin(struct nl_socket *socket, uint16_t type, uint16_t flags);
/* The family's own header: `len` bytes of zero, to be filled in before anything else is put. */
void *nl_put_header(struct nl_socket *socket, size_t len);
void nl_put(struct nl_socket *socket, uint16_t type, const void *data, size_t len);
void nl_put_u32(struct nl_socket *socket, uint16_t type, uint32_t value);
void nl_put_strz(struct nl_socket *socket, uint16_t type, const char *s); /* with its NUL */
void nl_put_ip(struct nl_socket *socket, uint16_t type, const struct ls_ip *ip);

/* Called for every answer that is neither an error nor an end; returns 0 or -errno, which ends the
 * reading of values but not of answers. */
typedef int (*nl_message_fn)(const struct nlmsghdr *nlh, void *data);

enum {
	NL_DUMP_TRIES =
	        8, /* a dump that a change interrupted may lack entries: it is begun again */
};

/* Sends the begun request and reads until its end. 0 or -errno. NLM_F_ACK is added where no dump is
 * wanted. `write` counts it in nl_socket_writes. A dump that the kernel had to interrupt is -EINTR;
 * a request that did not fit into memory is -ENOMEM, one with too large a value -EMSGSIZE. */
int nl_run(struct nl_socket *socket, bool write, nl_message_fn fn, void *data) LS_MUST_CHECK;

/* Sets "cannot <what>: <reason>" with the kernel's own words about the last request. */
int nl_fail(const struct nl_socket *socket, struct ls_fail *fail, int code, const char *fmt, ...)
        LS_PRINTF(4, 5);

/* --- answers --- */

/* Attributes by type: table[t] is NULL or the attribute t < count. */
void nl_attributes(const struct nlmsghdr *nlh, size_t header_len, const struct nlattr **table,
                   size_t count);
void nl_nested(const struct nlattr *nest, const struct nlattr **table, size_t count);
/* 0 when absent or too short. */
uint32_t nl_get_u32(const struct nlattr *attr);
/* False when absent or not an address of the family. */
bool nl_get_ip(const struct nlattr *attr, unsigned char family, struct ls_ip *ret);
/* AF_INET or AF_INET6. */
unsigned char nl_ip_family(const struct ls_ip *ip);

#endif
