/* SPDX-License-Identifier: Apache-2.0 */
/* Asks several STUN servers at once where this socket's packets come from. Without I/O: `now` and
 * datagrams in, requests and the next deadline out; random numbers come from the caller.
 *
 * Each server is one transaction (RFC 8489 6.2.1): its request is repeated with doubled waits until
 * it is answered, given up, or the query's time is over. A response counts when it carries the
 * transaction's id and comes from the address that was asked. Per address family the first good
 * answer wins; the others, for as long as they take a little longer at most, tell whether the
 * address translator on the way uses one mapping for all (RFC 4787 4.1) or a new one for each.
 */
#ifndef LS_NAT_STUN_QUERY_H
#define LS_NAT_STUN_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nat/stun_message.h"
#include "wire/ip.h"

enum {
	STUN_QUERY_MAX = 64, /* servers of one query */
	/* RFC 8489 6.2.1: RTO, Rc and Rm. */
	STUN_RTO_MS = 500,
	STUN_REQUESTS_MAX = 7,
	STUN_LAST_WAIT_RTOS = 16,
	/* How long the first answer of a family waits for a second opinion. */
	STUN_GRACE_MS = 500,
};

enum stun_state {
	STUN_WAITING,     /* asked, or about to be; `due_ns` is when to act next */
	STUN_ANSWERED,    /* `mapped` holds */
	STUN_REFUSED,     /* an error, or an answer that we cannot use; `error_code` or 0 */
	STUN_UNREACHABLE, /* this host cannot send there; `error_code` is the errno */
	STUN_SILENT,      /* all requests went unanswered, or time is over */
};

/* One server as the query sees it; read-only for callers. */
struct stun_server {
	struct ls_endpoint address;
	unsigned tag; /* the caller's own */
	struct stun_transaction transaction;
	enum stun_state state; /* all but STUN_WAITING are final */
	uint8_t sent;          /* requests so far */
	uint64_t due_ns;
	struct ls_endpoint mapped;
	int error_code;
};

/* A value; owned by one thread. */
struct stun_query {
	struct stun_server servers[STUN_QUERY_MAX];
	size_t count;
	uint64_t end_ns;
	/* The first good answer, by the family of the server's address: IPv4, IPv6. */
	struct {
		bool heard;
		size_t server; /* its index */
		uint64_t grace_end_ns;
	} first[2];
};

/* All is over at `end_ns`. */
void stun_query_init(struct stun_query *query, uint64_t end_ns);

/* One more server, to be asked at once. `transaction` must be random. False when there are
 * STUN_QUERY_MAX already. */
bool stun_query_add(struct stun_query *query, const struct ls_endpoint *address, unsigned tag,
                    const struct stun_transaction *transaction, uint64_t now_ns);

/* The next request that is due: where it goes, and its bytes. NULL when none is due by now. To be
 * called until it says so, whenever the deadline has come. */
struct stun_server *stun_query_next(struct stun_query *query, uint64_t now_ns,
                                    uint8_t ret_request[static STUN_REQUEST_LEN]);
/* The request just taken cannot be sent, nor could another: an errno. */
void stun_query_unsendable(struct stun_server *server, int error);
/* When stun_query_next or stun_query_settled will have news; after the former has said NULL. */
uint64_t stun_query_deadline(const struct stun_query *query, uint64_t now_ns);

/* A datagram. False when it is no well-formed answer to one of the requests: somebody else's. */
bool stun_query_receive(struct stun_query *query, const struct ls_endpoint *from, const void *data,
                        size_t len, uint64_t now_ns);

/* True when waiting longer brings nothing worth it. `more` says that servers will be added. */
bool stun_query_settled(const struct stun_query *query, bool more, uint64_t now_ns);

struct stun_result {
	const struct stun_server *server; /* the first that answered */
	const struct stun_server *other;  /* one that saw another mapping; NULL: all agree */
};

/* By the family of the servers. False when none has answered. */
bool stun_query_result(const struct stun_query *query, enum ls_family family,
                       struct stun_result *ret);

#endif
