/* SPDX-License-Identifier: Apache-2.0 */
/* Tells when another program may have changed a hosts file: replaced, removed or rewritten it
 * (inotify(7)). Watches the file and its directory: a new file comes by the directory, and a file
 * that is a mount point only by itself. Control thread only. */
#ifndef LS_APPLY_HOSTS_WATCH_H
#define LS_APPLY_HOSTS_WATCH_H

#include <stdbool.h>

#include "base/error.h"

struct apply_hosts_watch;

/* The file need not exist; its directory must. */
int apply_hosts_watch_open(const char *path, struct apply_hosts_watch **ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
void apply_hosts_watch_close(struct apply_hosts_watch *watch); /* NULL is fine */

/* Readable when something has happened; call apply_hosts_watch_read then. */
int apply_hosts_watch_fd(const struct apply_hosts_watch *watch);
/* True when the file may have changed since the last call. Our own writes count, too. */
bool apply_hosts_watch_read(struct apply_hosts_watch *watch);

#endif
