/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest steps from what a host has to what a plan wants: pure, without I/O. Steps are
 * ordered so that nothing refers to what is not there yet, and what stays is not mentioned. */
#ifndef LS_PLAN_DIFF_H
#define LS_PLAN_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "plan/plan.h"
#include "wgconfig/wg_config.h"

/* What is there now; borrowed. Zero-initialised: no such interface. */
struct plan_actual {
	bool exists;
	bool up;
	uint32_t mtu;
	const struct ls_prefix *addresses; /* those that are ours to keep or remove */
	size_t address_count;
	const struct plan_route *routes; /* the same */
	size_t route_count;
	const struct wg_config *device; /* NULL: no peers yet */
};

/* In the order in which steps are done. */
enum plan_step_kind {
	PLAN_STEP_CREATE, /* the interface */
	PLAN_STEP_ROUTE_REMOVE,
	PLAN_STEP_PEER_REMOVE,
	PLAN_STEP_PEER_CHANGE, /* allowed IPs or keepalive */
	PLAN_STEP_PEER_ADD,
	PLAN_STEP_ADDRESS_REMOVE,
	PLAN_STEP_ADDRESS_ADD,
	PLAN_STEP_MTU,
	PLAN_STEP_UP,
	PLAN_STEP_ROUTE_ADD,
	PLAN_STEP_KINDS,
};

struct plan_step {
	enum plan_step_kind kind;
	struct ls_prefix address;            /* ADDRESS_* */
	struct plan_route route;             /* ROUTE_* */
	uint32_t mtu;                        /* MTU */
	struct wg_public_key key;            /* PEER_* */
	const struct plan_peer *wanted;      /* PEER_ADD, PEER_CHANGE: of the plan */
	const struct wg_peer_config *actual; /* PEER_CHANGE: of the device */
};

struct plan_steps {
	struct plan_step *items; /* malloced */
	size_t count;
	size_t cap;
	size_t counts[PLAN_STEP_KINDS];
};

/* The steps point into `actual` and `wanted`. Endpoints of peers are not looked at: whoever chooses
 * paths sets them. -ENOMEM. */
int plan_diff(const struct plan_actual *actual, const struct plan *wanted,
              struct plan_steps *ret) LS_MUST_CHECK;
/* Only the interface: addresses, MTU, up, routes. */
int plan_diff_interface(const struct plan_actual *actual, const struct plan *wanted,
                        struct plan_steps *ret) LS_MUST_CHECK;
/* Only the peers; `device` NULL: none yet. */
int plan_diff_peers(const struct wg_config *device, const struct plan *wanted,
                    struct plan_steps *ret) LS_MUST_CHECK;
void plan_steps_done(struct plan_steps *steps);

/* The peer steps as one change for a data plane: without WG_CONFIG_REPLACE_PEERS, and without
 * endpoints, which the caller may add. Free with wg_config_done. -ENOMEM. */
int plan_steps_to_config(const struct plan_steps *steps, struct wg_config *ret) LS_MUST_CHECK;

/* For people: one line a step ("add route 100.64.1.11/32"); `plan_describe` all of a plan. */
void plan_steps_describe(const struct plan_steps *steps, struct ls_buf *out);
void plan_describe(const struct plan *plan, struct ls_buf *out);

#endif
