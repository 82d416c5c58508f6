/* SPDX-License-Identifier: Apache-2.0 */
/* One userspace interface: its TUN, UDP sockets, engine and UAPI clients, and the loop that serves
 * them. It has no thread and no locks of its own: one thread at a time may call these functions,
 * but for dp_interface_event_fd. */
#ifndef LS_DATAPLANE_INTERFACE_H
#define LS_DATAPLANE_INTERFACE_H

#include <stdbool.h>

#include "base/error.h"
#include "dataplane/dataplane.h"
#include "wgconfig/wg_config.h"

struct dp_interface;

/* Makes the network interface, down. `wake_fd` is the caller's and ends a wait in
 * dp_interface_run when it is readable. */
int dp_interface_open(const struct dataplane_options *options, int wake_fd,
                      struct dp_interface **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Removes the network interface; takes NULL. */
void dp_interface_close(struct dp_interface *in);
/* Waits until something is to be done and does it: packets, timers, UAPI clients, changes of the
 * link. True when wake_fd is readable; the caller reads it. */
bool dp_interface_run(struct dp_interface *in) LS_MUST_CHECK;

/* As dataplane_ops has them. */
int dp_interface_configure(struct dp_interface *in, const struct wg_config *change,
                           struct ls_fail *fail) LS_MUST_CHECK;
int dp_interface_read(struct dp_interface *in, struct wg_config *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* An eventfd that does not change as long as the interface is open: any thread may ask. */
int dp_interface_event_fd(const struct dp_interface *in);

#endif
