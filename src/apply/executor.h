/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one interface of this host, with its addresses, routes, peers and names, match a plan. Each
 * run reads what the host has, finds the missing steps (plan/steps.h) and carries them out one by
 * one; a second run changes nothing. Each kind of host state has a file of its own (kind.h).
 * Control thread only. */
#ifndef LS_APPLY_EXECUTOR_H
#define LS_APPLY_EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "apply/options.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "plan/plan.h"
#include "plan/steps.h"

struct apply_executor;

/* Copies the texts of the options. Changes nothing on the host. */
struct apply_executor *apply_executor_new(const struct apply_options *options);
/* Closes the data plane, which removes the interface; everything else stays. NULL is fine. */
void apply_executor_free(struct apply_executor *x);

/* Carries out the step that removes what a crashed run left; -EBUSY when a process serves the
 * interface (leftover.h). */
int apply_executor_clear(struct apply_executor *x, bool *ret_found,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* Carries out the step "create the interface": it is then down, without addresses and peers, but
 * listens. An interface that was created before is closed first. After a failure there is none; a
 * second try may succeed. */
int apply_executor_create(struct apply_executor *x, const struct wg_private_key *key,
                          uint16_t listen_port, struct ls_fail *fail) LS_MUST_CHECK;

/* Reads the host and finds the steps. They point into the plan, and into the executor until its
 * next call. */
int apply_executor_look(struct apply_executor *x, const struct plan *plan, struct plan_steps *ret,
                        struct ls_fail *fail) LS_MUST_CHECK;
/* Finds the steps and carries them out. -ENODEV when the interface does not exist. After a failure
 * the steps that were done stay done, and the next run continues from there. */
int apply_executor_run(struct apply_executor *x, const struct plan *plan, struct apply_report *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Removes everything that was made, in reverse order; the interface goes last. Continues after a
 * failure, and returns the first one. */
int apply_executor_undo(struct apply_executor *x, struct ls_fail *fail) LS_MUST_CHECK;

/* NULL when there is no interface. */
struct dataplane *apply_executor_dataplane(const struct apply_executor *x);
uint16_t apply_executor_listen_port(const struct apply_executor *x); /* the port in use */
uint32_t apply_executor_mtu(const struct apply_executor *x);

#endif
