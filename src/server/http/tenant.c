/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/tenant.h"

#include "server/http/front.h"

void httpd_tenant_init(struct httpd_tenant *tenant, void (*empty)(struct httpd_tenant *tenant))
{
	*tenant = (struct httpd_tenant){.empty = empty};
	ls_list_init(&tenant->requests);
}

void httpd_tenant_leave(struct httpd_request *request)
{
	struct httpd_tenant *tenant = request->tenant;

	if (!tenant)
		return;
	request->tenant = NULL;
	ls_list_remove(&request->in_tenant);
	if (--tenant->count == 0)
		tenant->empty(tenant);
}
