/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/acl_fetch.h"

#include "cli/admin/admin.h"

int admin_acl_fetch_policy(struct session *session, const char *network, struct acl_policy *ret,
                           struct ls_fail *fail)
{
	json_t *body = NULL;
	char path[256];
	int r = session_path(path, sizeof(path), "/v1/networks/", network, "/acl", fail);

	if (r == 0)
		r = admin_get(session, path, &body, fail);
	if (r == 0)
		r = session_decoded(session,
		                    proto_acl_policy_decode(body, session->arena, ret, fail), fail);
	json_decref(body);
	return r;
}

int admin_acl_fetch_nodes(struct session *session, const char *network, struct node_list *ret,
                          struct ls_fail *fail)
{
	json_t *body = NULL;
	char path[256];
	int r = session_path(path, sizeof(path), "/v1/admin/networks/", network, "/nodes", fail);

	if (r == 0)
		r = admin_get(session, path, &body, fail);
	if (r == 0)
		r = session_decoded(session,
		                    proto_node_list_decode(body, session->arena, ret, fail), fail);
	json_decref(body);
	return r;
}
