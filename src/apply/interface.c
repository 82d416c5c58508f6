/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/interface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/mem.h"

/* False where IPv6 is switched off, for the kernel or for this interface. */
static bool has_ipv6(const char *interface)
{
	char path[96];
	LS_FREE char *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
	return ls_file_read(path, 16, &text, &len, NULL) == 0 && text[0] == '0';
}

static int read_addresses(struct rtnl *rtnl, struct apply_actual *ret, struct ls_fail *fail)
{
	struct rtnl_address_list list;
	int r = rtnl_address_list(rtnl, ret->link, &list, fail);

	if (r < 0)
		return r;
	ret->addresses = ls_try_array(list.count, sizeof(*ret->addresses));
	for (size_t i = 0; ret->addresses && i < list.count; i++) {
		const struct rtnl_address *address = &list.items[i];

		/* Link-local ones are the kernel's own. */
		if (!ls_ip_is_link_local(&address->ip))
			ret->addresses[ret->actual.address_count++] =
			        (struct ls_prefix){.ip = address->ip, .bits = address->bits};
	}
	rtnl_address_list_done(&list);
	ret->actual.addresses = ret->addresses;
	return ret->addresses ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

static int read_routes(struct rtnl *rtnl, struct apply_actual *ret, struct ls_fail *fail)
{
	struct rtnl_route_list list;
	int r = rtnl_route_list(rtnl, ret->link, &list, fail);

	if (r < 0)
		return r;
	ret->routes = ls_try_array(list.count, sizeof(*ret->routes));
	for (size_t i = 0; ret->routes && i < list.count; i++) {
		const struct rtnl_route *route = &list.items[i];

		if (route->protocol == RTNL_PROTOCOL)
			ret->routes[ret->actual.route_count++] =
			        (struct plan_route){.prefix = route->prefix,
			                            .table = route->table,
			                            .metric = route->metric};
	}
	rtnl_route_list_done(&list);
	ret->actual.routes = ret->routes;
	return ret->routes ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

int apply_interface_read(struct rtnl *rtnl, const char *interface, struct apply_actual *ret,
                         struct ls_fail *fail)
{
	struct apply_actual actual = {0};
	struct rtnl_link link;
	int r = rtnl_link_get(rtnl, interface, &link, fail);

	if (r == -ENODEV) {
		*ret = actual;
		return 0;
	}
	if (r < 0)
		return r;
	actual.link = link.index;
	actual.actual = (struct plan_actual){
	        .exists = true, .up = (link.flags & IFF_UP) != 0, .mtu = link.mtu};
	r = read_addresses(rtnl, &actual, fail);
	if (r == 0)
		r = read_routes(rtnl, &actual, fail);
	if (r < 0) {
		apply_actual_done(&actual);
		(void)ls_fail_prefix(fail, "interface %s", interface);
		return r;
	}
	*ret = actual;
	return 0;
}

void apply_actual_done(struct apply_actual *actual)
{
	free(actual->addresses);
	free(actual->routes);
	*actual = (struct apply_actual){0};
}

/* One step; what is already so is no failure. */
static int do_step(struct rtnl *rtnl, uint32_t link, const struct plan_step *step,
                   struct ls_fail *fail)
{
	struct rtnl_route route = {.prefix = step->route.prefix,
	                           .table = step->route.table,
	                           .metric = step->route.metric,
	                           .link = link};
	int r = 0;

	switch (step->kind) {
	case PLAN_STEP_ROUTE_REMOVE:
		r = rtnl_route_delete(rtnl, &route, fail);
		return r == -ESRCH ? 0 : r;
	case PLAN_STEP_ADDRESS_REMOVE:
		r = rtnl_address_delete(rtnl, link, &step->address, fail);
		return r == -EADDRNOTAVAIL ? 0 : r;
	case PLAN_STEP_ADDRESS_ADD:
		r = rtnl_address_add(rtnl, link, &step->address, fail);
		return r == -EEXIST ? 0 : r;
	case PLAN_STEP_MTU:
		return rtnl_link_set_mtu(rtnl, link, step->mtu, fail);
	case PLAN_STEP_UP:
		return rtnl_link_set_up(rtnl, link, true, fail);
	case PLAN_STEP_ROUTE_ADD:
		return rtnl_route_add(rtnl, &route, fail);
	case PLAN_STEP_CREATE: /* the data plane's, as are peers */
	case PLAN_STEP_PEER_REMOVE:
	case PLAN_STEP_PEER_CHANGE:
	case PLAN_STEP_PEER_ADD:
	case PLAN_STEP_KINDS:
		break;
	}
	return r;
}

static bool adds_ipv6(const struct plan_step *step)
{
	if (step->kind == PLAN_STEP_ADDRESS_ADD)
		return step->address.ip.family == LS_FAMILY_V6;
	return step->kind == PLAN_STEP_ROUTE_ADD && step->route.prefix.ip.family == LS_FAMILY_V6;
}

static int do_steps(struct rtnl *rtnl, uint32_t link, const struct plan_steps *steps,
                    struct apply_report *report, struct ls_fail *fail)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct plan_step *step = &steps->items[i];
		struct ls_fail why;
		int r;

		if (report->no_ipv6 && adds_ipv6(step))
			continue;
		r = do_step(rtnl, link, step, &why);
		if (r == -EEXIST && step->kind == PLAN_STEP_ROUTE_ADD) {
			if (report->route_conflicts++ == 0)
				report->conflict = why;
			continue;
		}
		if (r < 0)
			return ls_fail_set(fail, r, "%s", why.text);
		report->counts[step->kind]++;
	}
	return 0;
}

int apply_interface(struct rtnl *rtnl, const struct plan *plan, struct apply_report *ret,
                    struct ls_fail *fail)
{
	struct apply_report report = {.no_ipv6 = !has_ipv6(plan->interface)};
	struct apply_actual actual;
	struct plan_steps steps;
	int r = apply_interface_read(rtnl, plan->interface, &actual, fail);

	if (r < 0)
		return r;
	if (!actual.actual.exists)
		return ls_fail_set(fail, -ENODEV, "there is no interface %s", plan->interface);
	r = plan_diff_interface(&actual.actual, plan, &steps);
	if (r < 0) {
		apply_actual_done(&actual);
		return ls_fail_set(fail, r, "interface %s: %s", plan->interface, ls_strerror(r));
	}
	r = do_steps(rtnl, actual.link, &steps, &report, fail);
	if (r < 0)
		(void)ls_fail_prefix(fail, "interface %s", plan->interface);
	else
		*ret = report;
	plan_steps_done(&steps);
	apply_actual_done(&actual);
	return r;
}

int apply_interface_undo(struct rtnl *rtnl, const char *interface, struct ls_fail *fail)
{
	struct apply_actual actual;
	int r = apply_interface_read(rtnl, interface, &actual, fail);

	if (r < 0)
		return r;
	for (size_t i = 0; i < actual.actual.route_count && r == 0; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ROUTE_REMOVE, .route = actual.routes[i]};

		r = do_step(rtnl, actual.link, &step, fail);
	}
	for (size_t i = 0; i < actual.actual.address_count && r == 0; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ADDRESS_REMOVE,
		                         .address = actual.addresses[i]};

		r = do_step(rtnl, actual.link, &step, fail);
	}
	if (r < 0)
		(void)ls_fail_prefix(fail, "interface %s", interface);
	apply_actual_done(&actual);
	return r;
}
