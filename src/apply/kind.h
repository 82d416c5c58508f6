/* SPDX-License-Identifier: Apache-2.0 */
/* One kind of host state, as its reconciler shows it to the executor. A new kind is one file with
 * one struct apply_kind, one row in executor.c, and its steps in plan/steps.h, where the order of
 * all steps is. Control thread only. */
#ifndef LS_APPLY_KIND_H
#define LS_APPLY_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apply/options.h"
#include "dataplane/dataplane.h"
#include "netlink/rtnl.h"
#include "plan/plan.h"
#include "plan/steps.h"
#include "wgconfig/wg_config.h"

/* What the kinds work on. */
struct apply_context {
	struct apply_options options;      /* its texts are the executor's */
	struct dataplane *dp;              /* NULL: none, or lost */
	struct wg_private_key private_key; /* while the interface is made */
	uint16_t listen_port;              /* the real one once the interface is there */
	uint32_t mtu;                      /* of the last plan */
	uint32_t link;                     /* interface index at the last read; 0: no interface */
};

/* What the host has. Zero-initialise; the kinds' `read` fill it, apply_actual_done frees it. */
struct apply_actual {
	bool exists;   /* the interface; false: all of it is still to be made */
	bool leftover; /* a crashed run left it: it is removed first */
	bool up;
	uint32_t mtu;
	bool ipv6_off;               /* for the interface, or for new ones */
	struct ls_prefix *addresses; /* of the interface, without the kernel's own */
	size_t address_count;
	struct plan_route *routes; /* over the interface and ours */
	size_t route_count;
	struct plan_route *foreign_routes; /* all others; read by a dry run only */
	size_t foreign_route_count;
	struct wg_config device;   /* its peers */
	char *hosts;               /* the hosts file's text; NULL: there is no such file */
	struct ls_fail hosts_fail; /* code not 0: why it cannot be read */
};

struct apply_kind {
	const char *name;
	unsigned steps; /* APPLY_STEP of those that are this kind's */
	/* Reads the host into *actual. */
	int (*read)(struct apply_context *ctx, struct apply_actual *actual, struct ls_fail *fail);
	/* Appends the steps from `actual` to `plan`, in any order, and what is left out. Without
	 * I/O. -ENOMEM. */
	int (*diff)(const struct apply_context *ctx, const struct apply_actual *actual,
	            const struct plan *plan, struct plan_steps *steps);
	/* Carries out steps of this kind that follow each other; tells of each one that is done by
	 * apply_note_done. What is already as wanted is no failure. */
	int (*act)(struct apply_context *ctx, const struct plan_step *steps, size_t count,
	           struct apply_report *report, struct ls_fail *fail);
	/* Removes what this kind made; nothing there is no failure. NULL: there is nothing that
	 * does not go with the interface. */
	int (*undo)(struct apply_context *ctx, struct ls_fail *fail);
};

#define APPLY_STEP(kind) (1U << (kind))

extern const struct apply_kind apply_link;
extern const struct apply_kind apply_peers;
extern const struct apply_kind apply_address;
extern const struct apply_kind apply_route;
extern const struct apply_kind apply_hosts;

/* Counts the step, and logs it at debug in the words of a dry run. */
void apply_note_done(const struct apply_context *ctx, const struct plan_step *step,
                     struct apply_report *report);

void apply_actual_done(struct apply_actual *actual);

/* Pure: the steps of all kinds, in their order. -ENOMEM. */
int apply_diff(const struct apply_context *ctx, const struct apply_actual *actual,
               const struct plan *plan, struct plan_steps *ret) LS_MUST_CHECK;

#endif
