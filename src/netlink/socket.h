/* SPDX-License-Identifier: Apache-2.0 */
/* A netlink socket (netlink(7)) of any family, over libmnl: it sends one request at a time and
 * reads the answers. It belongs to the network namespace in which it was opened. Calls block until
 * the kernel has answered. Only one thread may use a socket.
 *
 * Failures are -errno; `fail` says what was tried, on what, and adds the kernel's own explanation
 * (extended acknowledgement) if there is one. */
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
/* The number of requests sent so far that change something. A repeat without a change sends none.
 */
uint64_t nl_socket_writes(const struct nl_socket *socket);

/* --- the request --- */

/* Begins a request with type and flags (NLM_F_REQUEST is added). The request grows as needed; when
 * memory runs out, nl_run fails. */
void nl_begin(struct nl_socket *socket, uint16_t type, uint16_t flags);
/* Adds the family's own header: `len` zeroed bytes. Fill them in before you put anything else. */
void *nl_put_header(struct nl_socket *socket, size_t len);
void nl_put(struct nl_socket *socket, uint16_t type, const void *data, size_t len);
void nl_put_u32(struct nl_socket *socket, uint16_t type, uint32_t value);
void nl_put_strz(struct nl_socket *socket, uint16_t type, const char *s); /* including its NUL */
void nl_put_ip(struct nl_socket *socket, uint16_t type, const struct ls_ip *ip);

/* Called for every answer that is neither an error nor the end. Returns 0 or -errno; after an error
 * it is not called any more, but the remaining answers are still read. */
typedef int (*nl_message_fn)(const struct nlmsghdr *nlh, void *data);

enum {
	NL_DUMP_TRIES =
	        8, /* a change can interrupt a dump, which may then lack entries: try again */
};

/* Sends the request and reads all answers. 0 or -errno. Adds NLM_F_ACK unless the request is a
 * dump. `write`: count it in nl_socket_writes. -EINTR: the kernel had to interrupt a dump. -ENOMEM:
 * there was no memory for the request. -EMSGSIZE: a value in the request was too large. */
int nl_run(struct nl_socket *socket, bool write, nl_message_fn fn, void *data) LS_MUST_CHECK;

/* Sets "cannot <what>: <reason>", with the kernel's own explanation of the last request. */
int nl_fail(const struct nl_socket *socket, struct ls_fail *fail, int code, const char *fmt, ...)
        LS_PRINTF(4, 5);

/* --- answers --- */

/* Fills `table` with the attributes by type: table[t], for t < count, is NULL when there is
 * none. */
void nl_attributes(const struct nlmsghdr *nlh, size_t header_len, const struct nlattr **table,
                   size_t count);
void nl_nested(const struct nlattr *nest, const struct nlattr **table, size_t count);
/* Returns 0 when the attribute is absent or too short. */
uint32_t nl_get_u32(const struct nlattr *attr);
/* False when the attribute is absent or no address of the family. */
bool nl_get_ip(const struct nlattr *attr, unsigned char family, struct ls_ip *ret);
/* AF_INET or AF_INET6. */
unsigned char nl_ip_family(const struct ls_ip *ip);

#endif
