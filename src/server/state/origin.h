/* SPDX-License-Identifier: Apache-2.0 */
/* Where a change comes from: when, whence and by whom. http/ fills it while it takes in and
 * authorises a request, and hands it down to whatever changes the state; the audit log keeps it. */
#ifndef LS_SERVER_STATE_ORIGIN_H
#define LS_SERVER_STATE_ORIGIN_H

#include <stdint.h>

#include "wire/ip.h"

/* By what a change was allowed. The zero value claims nothing. */
enum actor_kind {
	ACTOR_ANYONE, /* no credential was needed */
	ACTOR_ADMIN,
	ACTOR_NODE,            /* its own token; id: the node's */
	ACTOR_ENROLMENT_TOKEN, /* id: the token's public one */
	ACTOR_APPROVAL_LINK,   /* id: of the node that it was made for */
	ACTOR_SERVER,          /* the server, on its own account */
};

struct actor {
	enum actor_kind kind;
	const char *id; /* NULL: the kind has none; borrowed until the change is committed */
};

struct origin {
	int64_t now;         /* Unix time of the whole change */
	struct ls_ip source; /* LS_FAMILY_NONE: none that is of use to anybody */
	struct actor actor;
};

/* What the server does without being asked. */
struct origin state_origin_of_server(int64_t now);
/* The same request, once it has shown what it may act as. */
struct origin state_origin_as(const struct origin *origin, enum actor_kind kind, const char *id);

/* As AuditEntry names it (docs/protocol.md, 4). */
const char *state_actor_name(enum actor_kind kind);

#endif
