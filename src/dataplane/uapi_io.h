/* SPDX-License-Identifier: Apache-2.0 */
/* The socket /var/run/wireguard/<interface>.sock of the userspace protocol. Only root may connect;
 * a few clients are served at a time. The worker thread owns it. */
#ifndef LS_DATAPLANE_UAPI_IO_H
#define LS_DATAPLANE_UAPI_IO_H

#include "base/error.h"
#include "wgconfig/wg_config.h"

struct uapi_io;

/* The device behind the socket; dp_uapi_io_run calls these. */
struct uapi_ops {
	int (*get)(void *user, struct wg_config *ret);
	int (*set)(void *user, const struct wg_config *change);
};

/* Listens on the socket. Replaces a socket that no program serves; -EADDRINUSE when one does. */
int dp_uapi_io_new(const char *interface, const struct uapi_ops *ops, void *user,
                   struct uapi_io **ret, struct ls_fail *fail) LS_MUST_CHECK;
void dp_uapi_io_free(struct uapi_io *io); /* removes the socket file; takes NULL */
/* Readable when dp_uapi_io_run has something to do. */
int dp_uapi_io_fd(const struct uapi_io *io);
void dp_uapi_io_run(struct uapi_io *io);

#endif
