/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of one client, as the handler recognises it: only so many run at once
 * (httpd_request_join). A request runs until its answer is completely sent, or its connection is
 * lost. */
#ifndef LS_SERVER_HTTP_TENANT_H
#define LS_SERVER_HTTP_TENANT_H

#include "base/list.h"

struct httpd_request;

/* Owned by the handler, which must not free it while it has requests. */
struct httpd_tenant {
	struct ls_list requests; /* struct httpd_request.in_tenant, oldest first */
	unsigned count;
	/* The last request has ended; the handler may free the tenant. */
	void (*empty)(struct httpd_tenant *tenant);
};

void httpd_tenant_init(struct httpd_tenant *tenant, void (*empty)(struct httpd_tenant *tenant));

/* Only for http/. The request has ended; nothing happens when it has no tenant. */
void httpd_tenant_leave(struct httpd_request *request);

#endif
