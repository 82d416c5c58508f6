/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that owns one userspace interface: its TUN, sockets, engine and UAPI clients. Only the
 * functions below may be called from outside; they exchange messages with it. */
#ifndef LS_DATAPLANE_WORKER_H
#define LS_DATAPLANE_WORKER_H

#include "base/error.h"
#include "dataplane/dataplane.h"
#include "wgconfig/wg_config.h"

struct worker;

/* Makes the interface and starts the thread. */
int dp_worker_start(const struct dataplane_options *options, struct worker **ret,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* Ends the thread and removes the interface. */
void dp_worker_stop(struct worker *worker);
int dp_worker_configure(struct worker *worker, const struct wg_config *change,
                        struct ls_fail *fail) LS_MUST_CHECK;
int dp_worker_read(struct worker *worker, struct wg_config *ret,
                   struct ls_fail *fail) LS_MUST_CHECK;
/* An eventfd, as dataplane_ops.event_fd says. */
int dp_worker_event_fd(const struct worker *worker);

#endif
