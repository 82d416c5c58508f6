/* SPDX-License-Identifier: Apache-2.0 */
/* The members that an AclPolicy may have. Peers of another version may know more, and
 * proto_acl_policy_decode ignores what it does not know; what a person wrote must not hold any
 * other: a misspelt list would leave a selector that matches every node, a misspelt default one
 * that allows.
 */
#ifndef LS_PROTO_ACL_MEMBERS_H
#define LS_PROTO_ACL_MEMBERS_H

#include <jansson.h>

#include "base/error.h"

/* LS_ERROR_BAD_VALUE names the first unknown member, its place and what may have been meant. What
 * is wrong in other ways is proto_acl_policy_decode's to find. */
int proto_acl_members_check(const json_t *policy, struct ls_fail *fail) LS_MUST_CHECK;

#endif
