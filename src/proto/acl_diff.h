/* SPDX-License-Identifier: Apache-2.0 */
/* Computes what another policy would change: the pairs of nodes that could newly, or no longer, see
 * each other; and of which pairs it allows one direction only. Without I/O. Nodes that match the
 * same selectors of both policies form a class. The rules are evaluated once for each pair of
 * classes, so that a large network with few kinds of nodes costs little. */
#ifndef LS_PROTO_ACL_DIFF_H
#define LS_PROTO_ACL_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "proto/acl.h"

struct acl_pair {
	size_t a; /* indexes of nodes; a < b, but not in a list of directions */
	size_t b;
};

/* `one_way` has the direction from a to b where the policy after the change allows it, but not the
 * one back. With sight one-way, a then sees b; else neither sees the other. Pairs are sorted by a,
 * then b; beyond ACL_DIFF_PAIRS_MAX they are only counted. */
struct acl_diff {
	struct acl_pair *gained;
	struct acl_pair *lost;
	struct acl_pair *one_way;
	size_t gained_listed;
	size_t lost_listed;
	size_t one_way_listed;
	size_t gained_count;
	size_t lost_count;
	size_t one_way_count;
};

enum {
	ACL_DIFF_PAIRS_MAX = 100000, /* of each list */
};

/* Fails only with -ENOMEM, and then does not change `ret`. The caller ends `ret` with
 * proto_acl_diff_done. */
int proto_acl_diff(const struct acl_policy *before, const struct acl_policy *after,
                   const struct acl_subject *nodes, size_t count,
                   struct acl_diff *ret) LS_MUST_CHECK;
void proto_acl_diff_done(struct acl_diff *diff);

#endif
