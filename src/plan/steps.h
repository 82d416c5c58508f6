/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered list of steps that turn what a host has into what a plan wants; a plain value,
 * without I/O. apply/ finds the steps and carries them out; a dry run prints the same list.
 *
 * enum plan_step_kind has the order of all steps:
 * - Peers are removed first, because they may have been revoked. Their routes still lead into the
 *   tunnel then, so packets to them are dropped and do not leave by the default route.
 * - New objects are added from the interface to the routes, so that each one finds what it needs.
 *   Only then old ones are removed, from the routes to the interface. The other order would break
 *   what stays: Linux removes all IPv4 routes of an interface with its last IPv4 address. */
#ifndef LS_PLAN_STEPS_H
#define LS_PLAN_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "plan/plan.h"

struct wg_peer_config;

enum plan_step_kind {
	PLAN_STEP_CLEAR,  /* removes the interface that a crashed run left */
	PLAN_STEP_CREATE, /* creates the interface */
	PLAN_STEP_PEER_REMOVE,
	PLAN_STEP_PEER_CHANGE, /* allowed IPs or keepalive */
	PLAN_STEP_PEER_ADD,
	PLAN_STEP_ADDRESS_ADD,
	PLAN_STEP_MTU,
	PLAN_STEP_UP,
	PLAN_STEP_ROUTE_ADD,
	PLAN_STEP_ROUTE_REMOVE,
	PLAN_STEP_ADDRESS_REMOVE,
	PLAN_STEP_HOSTS, /* writes the names into the hosts file */
	PLAN_STEP_KINDS,
};

/* A step points into the plan or into the data read from the host. It is small, because a large
 * network has tens of thousands of steps. */
struct plan_step {
	enum plan_step_kind kind;
	uint32_t mtu; /* MTU */
	union {
		const struct ls_prefix *address; /* ADDRESS_* */
		const struct plan_route *route;  /* ROUTE_* */
		struct {                         /* PEER_*: the one that is not NULL has the key */
			const struct plan_peer *wanted;      /* in the plan; NULL: REMOVE */
			const struct wg_peer_config *actual; /* the device's peer; NULL: ADD */
		};
		struct { /* HOSTS: the plan with the names, and the file */
			const struct plan *plan;
			const char *path;
		};
	};
};

/* The public key of a PEER_* step. */
const struct wg_public_key *plan_step_key(const struct plan_step *step);

/* A part of a plan that this host cannot do. */
enum plan_left_out_kind {
	PLAN_LEFT_OUT_IPV6,  /* IPv6 is off: IPv6 addresses and routes */
	PLAN_LEFT_OUT_ROUTE, /* another program has made this route */
	PLAN_LEFT_OUT_HOSTS, /* the hosts file cannot be changed */
};

struct plan_left_out {
	enum plan_left_out_kind kind;
	char what[96];
	char reason[512];
};

/* A zeroed struct is an empty list. */
struct plan_steps {
	struct plan_step *items; /* malloced */
	size_t count;
	size_t cap;
	size_t counts[PLAN_STEP_KINDS];
	struct plan_left_out *left_out; /* malloced */
	size_t left_out_count;
	size_t left_out_cap;
};

/* Appends a copy of the step. Steps point into the plan and into the data read from the host.
 * -ENOMEM. */
int plan_steps_add(struct plan_steps *steps, const struct plan_step *step) LS_MUST_CHECK;
int plan_steps_leave_out(struct plan_steps *steps, enum plan_left_out_kind kind, const char *what,
                         const char *reason) LS_MUST_CHECK;
/* Sorts the steps by kind; steps of one kind keep the order in which they were added. -ENOMEM. */
int plan_steps_order(struct plan_steps *steps) LS_MUST_CHECK;
void plan_steps_done(struct plan_steps *steps);

/* Describes the step in one line, without a newline: "add route 100.64.1.11/32 table 254". */
void plan_step_describe(const struct plan_step *step, struct ls_buf *out);

/* The words "add" and "route" of that description. */
const char *plan_step_verb(enum plan_step_kind kind);
const char *plan_step_object(enum plan_step_kind kind);

#endif
