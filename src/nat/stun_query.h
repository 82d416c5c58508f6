/* SPDX-License-Identifier: Apache-2.0 */
/* Asks several STUN servers at once for the public address of this socket. Without I/O: `now` and
 * datagrams in, requests and the next deadline out; random numbers come from the caller.
 *
 * Each server is one transaction (RFC 8489 6.2.1). Its request is repeated, each time after twice
 * the wait, until the server answers, the last wait ends, or the query ends. A response counts when
 * it has the transaction's id and comes from the address that was asked. For each address family,
 * the first good answer is the result. The query then waits a little longer for the other servers,
 * which tell whether the NAT on the way uses the same mapping for all destinations (RFC 4787 4.1)
 * or a new one for each. */
#ifndef LS_NAT_STUN_QUERY_H
#define LS_NAT_STUN_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nat/stun_message.h"
#include "wire/ip.h"

enum {
	STUN_QUERY_MAX = 64, /* servers per query */
	/* RFC 8489 6.2.1: RTO, Rc and Rm. */
	STUN_RTO_MS = 500,
	STUN_REQUESTS_MAX = 7,
	STUN_LAST_WAIT_RTOS = 16,
	/* How long to wait for other servers after the first answer of a family. */
	STUN_GRACE_MS = 500,
};

enum stun_state {
	STUN_WAITING,     /* asked, or to be asked; `due_ns` is when to act next */
	STUN_ANSWERED,    /* `mapped` is valid */
	STUN_REFUSED,     /* it sent an error, or an answer that we cannot use; `error_code` or 0 */
	STUN_UNREACHABLE, /* this host cannot send there; `error_code` is the errno */
	STUN_SILENT,      /* no answer to all requests, or none before the query ended */
};

/* One server of a query; read-only for callers. */
struct stun_server {
	struct ls_endpoint address;
	unsigned tag; /* for the caller's use */
	struct stun_transaction transaction;
	enum stun_state state; /* all states except STUN_WAITING are final */
	uint8_t sent;          /* requests sent so far */
	uint64_t due_ns;
	struct ls_endpoint mapped;
	int error_code;
};

/* A plain value without pointers; one thread owns it. */
struct stun_query {
	struct stun_server servers[STUN_QUERY_MAX];
	size_t count;
	uint64_t end_ns;
	/* The first good answer, by the family of the server's address: IPv4, IPv6. */
	struct {
		bool heard;
		size_t server; /* index in `servers` */
		uint64_t grace_end_ns;
	} first[2];
};

/* The query ends at `end_ns` at the latest. */
void stun_query_init(struct stun_query *query, uint64_t end_ns);

/* Adds a server, which is to be asked at once. `transaction` must be random. False when there are
 * STUN_QUERY_MAX already. */
bool stun_query_add(struct stun_query *query, const struct ls_endpoint *address, unsigned tag,
                    const struct stun_transaction *transaction, uint64_t now_ns);

/* Returns the server of the next request that is due, and the request's bytes; NULL when none is
 * due. When the deadline has come, call this until it returns NULL. */
struct stun_server *stun_query_next(struct stun_query *query, uint64_t now_ns,
                                    uint8_t ret_request[static STUN_REQUEST_LEN]);
/* Tells that the request from stun_query_next could not be sent, and that no other could be.
 * `error` is an errno. */
void stun_query_unsendable(struct stun_server *server, int error);
/* When to call stun_query_next and stun_query_settled again. Call this after stun_query_next has
 * returned NULL. */
uint64_t stun_query_deadline(const struct stun_query *query, uint64_t now_ns);

/* Handles a received datagram. False when it is no well-formed answer to one of the requests, and
 * so belongs to somebody else. */
bool stun_query_receive(struct stun_query *query, const struct ls_endpoint *from, const void *data,
                        size_t len, uint64_t now_ns);

/* True when there is no reason to wait longer. `more` says that the caller will add servers. */
bool stun_query_settled(const struct stun_query *query, bool more, uint64_t now_ns);

struct stun_result {
	const struct stun_server *server; /* the first server that answered */
	const struct stun_server
	        *other; /* a server that saw another mapping; NULL when all saw the same */
};

/* The result of the servers of that address family. False when none has answered. */
bool stun_query_result(const struct stun_query *query, enum ls_family family,
                       struct stun_result *ret);

#endif
