/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks. Tokens are compared in constant time; failures count against the source. */
#ifndef LS_SERVER_API_AUTH_H
#define LS_SERVER_API_AUTH_H

#include "server/api/call.h"

/* Both return 0, with call->origin.actor filled, or LS_ERROR_AUTH; with too many failures behind
 * the source, call->status is 429. */
int api_auth_admin(struct call *call, struct ls_fail *fail) LS_MUST_CHECK;
/* The node's own token, or the admin's. `node` NULL: unknown, which a caller with any credential
 * learns as LS_ERROR_NOT_FOUND, so that a node that was deleted knows. */
int api_auth_node(struct call *call, const struct node *node, struct ls_fail *fail) LS_MUST_CHECK;
/* 0 when there is a credential of whatever kind: whose it is the body has to tell. */
int api_auth_any(const struct call *call, struct ls_fail *fail) LS_MUST_CHECK;
/* Counts a secret of another kind (enrolment, approval) that was wrong; returns `code`. */
int api_auth_note(struct call *call, int code, struct ls_fail *fail);

#endif
