/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the unknown members of a policy that a person wrote. proto_acl_policy_decode ignores them,
 * because a program of another version may send members that we do not know. But a misspelt list
 * leaves a selector that matches every node, and a misspelt default one that allows. */
#ifndef LS_PROTO_ACL_MEMBERS_H
#define LS_PROTO_ACL_MEMBERS_H

#include <jansson.h>

#include <stddef.h>

/* `text` names the member, its place and a similar name. */
typedef void (*acl_unknown_fn)(void *arg, const char *text);

/* Calls `fn` (NULL: nothing) for each unknown member, and returns how many there are. Values of the
 * wrong type are left to proto_acl_policy_decode. */
size_t proto_acl_members_unknown(const json_t *policy, acl_unknown_fn fn, void *arg);

#endif
