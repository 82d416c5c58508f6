/* SPDX-License-Identifier: Apache-2.0 */
/* The server's part of the table of endpoints (proto/endpoints.h), and the routing of requests. */
#ifndef LS_SERVER_API_ENDPOINTS_H
#define LS_SERVER_API_ENDPOINTS_H

#include "proto/endpoints.h"
#include "server/api/call.h"

enum endpoint_object {
	OBJECT_NONE,
	OBJECT_NETWORK, /* the first parameter is a network's id */
	OBJECT_NODE,    /* the first parameter is a node's id */
};

enum {
	ENDPOINT_ALLOW_MAX = 64,
	ENDPOINT_BODY_MAX = 256 << 10, /* bytes of a body, where the table does not say otherwise */
};

enum endpoint_flag {
	ENDPOINT_NO_HEAD = 1, /* HEAD is refused, because GET changes something, or waits */
	ENDPOINT_PAGE = 2,    /* browsers (browser.h) get pages, also of errors */
	ENDPOINT_FORM = 4,    /* the body is a form (application/x-www-form-urlencoded), not JSON */
};

/* What the server adds to a row of the protocol's table. */
struct endpoint {
	enum endpoint_object object;
	size_t body_max; /* 0: the endpoint takes no body */
	call_handler handle;
	unsigned flags; /* enum endpoint_flag */
};

/* Finds the endpoint of call->path and sets call->endpoint and call->params; modifies the path.
 * LS_ERROR_NOT_FOUND; or LS_ERROR_USAGE, with status 405 and ret_allow filled, when only the method
 * is wrong. */
int api_endpoint_find(struct call *call, const char *method,
                      char ret_allow[static ENDPOINT_ALLOW_MAX],
                      struct ls_fail *fail) LS_MUST_CHECK;

/* Asserts that the protocol's table and this one have no gaps. Called once, at the start. */
void api_endpoints_check(void);

const struct endpoint *api_endpoint(enum proto_endpoint id);

/* networks.c */
int api_network_create(struct call *call, struct ls_fail *fail);
int api_network_list(struct call *call, struct ls_fail *fail);
int api_network_get(struct call *call, struct ls_fail *fail);
int api_network_update(struct call *call, struct ls_fail *fail);
int api_network_delete(struct call *call, struct ls_fail *fail);
int api_acl_get(struct call *call, struct ls_fail *fail);
int api_acl_put(struct call *call, struct ls_fail *fail);
int api_key_policy_get(struct call *call, struct ls_fail *fail);
int api_key_policy_put(struct call *call, struct ls_fail *fail);
int api_token_list(struct call *call, struct ls_fail *fail);
int api_token_create(struct call *call, struct ls_fail *fail);
int api_token_revoke(struct call *call, struct ls_fail *fail);
/* register.c */
int api_register(struct call *call, struct ls_fail *fail);
int api_register_url(struct call *call, struct ls_fail *fail);
/* api_approval.c */
int api_approve_by_secret(struct call *call, struct ls_fail *fail);
int api_approve_by_form(struct call *call, struct ls_fail *fail);
int api_approve(struct call *call, struct ls_fail *fail);
/* nodes.c */
int api_node_list(struct call *call, struct ls_fail *fail);
int api_node_update(struct call *call, struct ls_fail *fail);
int api_node_revoke(struct call *call, struct ls_fail *fail);
int api_node_delete(struct call *call, struct ls_fail *fail);
int api_keys_rotate(struct call *call, struct ls_fail *fail);
int api_topology(struct call *call, struct ls_fail *fail);
/* api_history.c */
int api_keys_list(struct call *call, struct ls_fail *fail);
int api_audit(struct call *call, struct ls_fail *fail);
/* health.c */
int api_healthz(struct call *call, struct ls_fail *fail);
int api_readyz(struct call *call, struct ls_fail *fail);
/* netmap.c */
int api_heartbeat(struct call *call, struct ls_fail *fail);
int api_netmap(struct call *call, struct ls_fail *fail);
int api_longpoll(struct call *call, struct ls_fail *fail);
/* openapi.c */
int api_openapi(struct call *call, struct ls_fail *fail);

#endif
