/* SPDX-License-Identifier: Apache-2.0 */
/* What libevent itself has to say. Both programs use libevent, and this folder is the only one that
 * both build on and that logs: that is why it depends on libevent for this one call. */
#ifndef LS_BASE_EVENT_LOG_H
#define LS_BASE_EVENT_LOG_H

/* From now on libevent writes to our log and no longer to stderr: event
 * `libevent.message`, at debug. An error, after which libevent ends the process, is logged at
 * error. Call it first in main(), while the process has one thread. */
void ls_event_log_start(void);

#endif
