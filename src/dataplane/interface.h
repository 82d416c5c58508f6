/* SPDX-License-Identifier: Apache-2.0 */
/* One userspace interface: its TUN, UDP sockets, engine and UAPI clients, and the loop that serves
 * them. It has no thread and no locks: only one thread at a time may call these functions, except
 * dp_interface_event_fd. */
#ifndef LS_DATAPLANE_INTERFACE_H
#define LS_DATAPLANE_INTERFACE_H

#include <stdbool.h>

#include "base/error.h"
#include "dataplane/dataplane.h"
#include "wgconfig/wg_config.h"

struct dp_interface;

/* Creates the network interface, down. When `wake_fd` becomes readable, dp_interface_run returns.
 * The caller owns wake_fd. */
int dp_interface_open(const struct dataplane_options *options, int wake_fd,
                      struct dp_interface **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Removes the network interface; takes NULL. */
void dp_interface_close(struct dp_interface *in);
/* Waits for events and handles them: packets, timers, UAPI clients, changes of the link. True when
 * wake_fd is readable; the caller reads it. */
bool dp_interface_run(struct dp_interface *in) LS_MUST_CHECK;

/* See struct dataplane_ops. */
int dp_interface_configure(struct dp_interface *in, const struct wg_config *change,
                           struct ls_fail *fail) LS_MUST_CHECK;
int dp_interface_read(struct dp_interface *in, struct wg_config *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* The eventfd of dataplane_ops. It stays the same while the interface is open, so any thread may
 * ask for it. */
int dp_interface_event_fd(const struct dp_interface *in);

#endif
