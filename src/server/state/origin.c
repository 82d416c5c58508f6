/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/origin.h"

static const char *const names[] = {
        [ACTOR_ANYONE] = "anyone",
        [ACTOR_ADMIN] = "admin",
        [ACTOR_NODE] = "node",
        [ACTOR_ENROLMENT_TOKEN] = "enrolment_token",
        [ACTOR_APPROVAL_LINK] = "approval_link",
        [ACTOR_SERVER] = "server",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == ACTOR_SERVER + 1, "actors");

struct origin state_origin_of_server(int64_t now)
{
	return (struct origin){.now = now, .actor.kind = ACTOR_SERVER};
}

struct origin state_origin_as(const struct origin *origin, enum actor_kind kind, const char *id)
{
	struct origin as = *origin;

	as.actor = (struct actor){.kind = kind, .id = id};
	return as;
}

const char *state_actor_name(enum actor_kind kind)
{
	return names[kind];
}
