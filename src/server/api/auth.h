/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the credential of a request. Tokens are compared in constant time; failures are counted by
 * source (attempts.h). */
#ifndef LS_SERVER_API_AUTH_H
#define LS_SERVER_API_AUTH_H

#include "server/api/call.h"

/* Needs the admin token. Returns 0 and fills call->origin.actor, or LS_ERROR_AUTH. When the source
 * has failed too often, call->status is 429. */
int api_auth_admin(struct call *call, struct ls_fail *fail) LS_MUST_CHECK;
/* Likewise, but needs the node's own token or the admin token. A node has only so many requests at
 * once (node_requests.h). When `node` is NULL (unknown), any token gets LS_ERROR_NOT_FOUND, so that
 * a deleted node learns that it is gone. */
int api_auth_node(struct call *call, struct node *node, struct ls_fail *fail) LS_MUST_CHECK;
/* 0 when the request has a token, which is not checked: the node that it must belong to is named in
 * the body. */
int api_auth_any(const struct call *call, struct ls_fail *fail) LS_MUST_CHECK;
/* Counts a failure when `code` says that an enrolment token or approval link was wrong. Returns
 * `code`. */
int api_auth_note(struct call *call, int code, struct ls_fail *fail);

#endif
