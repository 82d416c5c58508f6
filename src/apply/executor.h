/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one interface of this host, and all that belongs to it, match a plan. Each run reads what
 * the host has, finds the steps that are missing (plan/steps.h) and carries them out one by one; a
 * repeat changes nothing. Each kind of host state is in a file of its own (kind.h). Control thread
 * only. */
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

/* Copies the options' texts. Touches nothing on the host. */
struct apply_executor *apply_executor_new(const struct apply_options *options);
/* Closes the data plane, with which the interface goes; what else was made stays. NULL is fine. */
void apply_executor_free(struct apply_executor *x);

/* The step that removes what a crashed run left; -EBUSY when a process serves the interface
 * (leftover.h). */
int apply_executor_clear(struct apply_executor *x, bool *ret_found,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* The step "create the interface": down, without addresses and peers, but listening. One that was
 * made before is closed first. On failure there is none, and a repeat may help. */
int apply_executor_create(struct apply_executor *x, const struct wg_private_key *key,
                          uint16_t listen_port, struct ls_fail *fail) LS_MUST_CHECK;

/* Reads the host and finds the steps to the plan. They point into the plan, and into the executor
 * until its next call. */
int apply_executor_look(struct apply_executor *x, const struct plan *plan, struct plan_steps *ret,
                        struct ls_fail *fail) LS_MUST_CHECK;
/* The same, and carries the steps out. -ENODEV when the interface is gone. On failure what was
 * done stays done, and a repeat goes on from there. */
int apply_executor_run(struct apply_executor *x, const struct plan *plan, struct apply_report *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Removes what was made, in the reverse order, also after a failure; gives back the first one. The
 * interface goes last. */
int apply_executor_undo(struct apply_executor *x, struct ls_fail *fail) LS_MUST_CHECK;

/* NULL: there is none. */
struct dataplane *apply_executor_dataplane(const struct apply_executor *x);
uint16_t apply_executor_listen_port(const struct apply_executor *x); /* the real one */
uint32_t apply_executor_mtu(const struct apply_executor *x);

#endif
