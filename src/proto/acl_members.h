/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that a policy that a person wrote has no unknown members. proto_acl_policy_decode ignores
 * them, because a program of another version may send members that we do not know. But a misspelt
 * list would leave a selector that matches every node, and a misspelt default one that allows. */
#ifndef LS_PROTO_ACL_MEMBERS_H
#define LS_PROTO_ACL_MEMBERS_H

#include <jansson.h>

#include "base/error.h"

/* Fails with LS_ERROR_BAD_VALUE; the text names the first unknown member, its place and a similar
 * name. proto_acl_policy_decode finds all other mistakes. */
int proto_acl_members_check(const json_t *policy, struct ls_fail *fail) LS_MUST_CHECK;

#endif
