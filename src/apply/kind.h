/* SPDX-License-Identifier: Apache-2.0 */
/* One kind of host state, and what the executor can do with it. A new kind needs one file with one
 * struct apply_kind, one row in executor.c, and its steps in plan/steps.h, which has the order of
 * all steps. Control thread only. */
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

/* What the functions of a kind work on. */
struct apply_context {
	struct apply_options options;      /* the executor owns its texts */
	struct dataplane *dp;              /* NULL: there is none */
	struct wg_private_key private_key; /* set only while the interface is created */
	uint16_t listen_port;              /* the port in use once the interface exists */
	uint32_t mtu;                      /* MTU of the last plan */
	uint32_t link;                     /* interface index from the last read; 0: no interface */
};

/* What the host has. Begin with a zeroed struct; the kinds' `read` fill it, apply_actual_done frees
 * it. */
struct apply_actual {
	bool exists;            /* the interface exists; false: it is still to be created */
	bool leftover;          /* a crashed run left it; it is to be removed first */
	uint32_t leftover_link; /* its interface index; 0: only its socket is left */
	bool up;
	uint32_t mtu;
	bool ipv6_off; /* IPv6 is off for the interface, or for new interfaces when it does not
	                  exist */
	struct ls_prefix *addresses; /* of the interface, without the kernel's link-local ones */
	size_t address_count;
	struct plan_route *routes; /* our routes over the interface */
	size_t route_count;
	struct plan_route *foreign_routes; /* all other routes; only read by a dry run */
	size_t foreign_route_count;
	struct wg_config device;   /* only its peers are read */
	char *hosts;               /* content of the hosts file, without the names that a crashed
	                              run left if they are to be removed; NULL: no such file */
	struct ls_fail hosts_fail; /* code not 0: why it cannot be read */
};

struct apply_kind {
	const char *name;
	unsigned steps; /* bits APPLY_STEP of the steps of this kind */
	/* Reads the host into *actual. */
	int (*read)(struct apply_context *ctx, struct apply_actual *actual, struct ls_fail *fail);
	/* Appends the steps that turn `actual` into `plan`, in any order, and the parts that are
	 * left out. Without I/O. -ENOMEM. */
	int (*diff)(const struct apply_context *ctx, const struct apply_actual *actual,
	            const struct plan *plan, struct plan_steps *steps);
	/* Carries out consecutive steps of this kind. Calls apply_note_done for each step that it
	 * has done. It is no failure when the host already is as wanted. */
	int (*act)(struct apply_context *ctx, const struct plan_step *steps, size_t count,
	           struct apply_report *report, struct ls_fail *fail);
	/* Removes what this kind made; it is no failure when nothing is there. NULL: closing the
	 * interface removes everything. */
	int (*undo)(struct apply_context *ctx, struct ls_fail *fail);
};

#define APPLY_STEP(kind) (1U << (kind))

extern const struct apply_kind apply_link;
extern const struct apply_kind apply_peers;
extern const struct apply_kind apply_address;
extern const struct apply_kind apply_route;
extern const struct apply_kind apply_hosts;

/* Counts the step as done, and logs it at level debug in the same words as a dry run. */
void apply_note_done(const struct apply_context *ctx, const struct plan_step *step,
                     struct apply_report *report);

void apply_actual_done(struct apply_actual *actual);

/* Finds the steps of all kinds and sorts them. Without I/O. -ENOMEM. */
int apply_diff(const struct apply_context *ctx, const struct apply_actual *actual,
               const struct plan *plan, struct plan_steps *ret) LS_MUST_CHECK;

#endif
