/* SPDX-License-Identifier: Apache-2.0 */
/* The origin of a change: when it was asked for, by whom, and from which address. api/ fills it
 * while it reads and authorises a request, and passes it to the functions that change the state;
 * the audit log stores it. */
#ifndef LS_SERVER_STATE_ORIGIN_H
#define LS_SERVER_STATE_ORIGIN_H

#include <stdint.h>

#include "wire/ip.h"

/* The credential that allowed a change. The zero value is the one without any rights. */
enum actor_kind {
	ACTOR_ANYONE, /* no credential was needed */
	ACTOR_ADMIN,
	ACTOR_NODE,            /* a node's token; id: of the node */
	ACTOR_ENROLMENT_TOKEN, /* id: the public id of the token */
	ACTOR_APPROVAL_LINK,   /* id: of the node that the link approves */
	ACTOR_SERVER,          /* the server itself, without a request */
};

struct actor {
	enum actor_kind kind;
	const char *id; /* NULL: the kind has none; borrowed until the change is committed */
};

struct origin {
	int64_t now;         /* Unix time of the whole change */
	uint64_t now_ns;     /* the same time by ls_now_ns() */
	struct ls_ip source; /* LS_FAMILY_NONE: unknown, or of no use to others */
	struct actor actor;
};

/* For changes that the server makes without a request. */
struct origin state_origin_of_server(int64_t now);
/* The same origin with an actor, once the request has shown its credential. */
struct origin state_origin_as(const struct origin *origin, enum actor_kind kind, const char *id);

/* The actor's name in AuditEntry (docs/protocol.md, 4). */
const char *state_actor_name(enum actor_kind kind);

#endif
