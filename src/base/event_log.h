/* SPDX-License-Identifier: Apache-2.0 */
/* Sends libevent's own messages to our log. Both programs use libevent, and only this folder is
 * both used by both and able to log: so it depends on libevent, for this one call. */
#ifndef LS_BASE_EVENT_LOG_H
#define LS_BASE_EVENT_LOG_H

/* From now on libevent writes to our log and not to stderr: event `libevent.message`, at level
 * debug; at level error when libevent ends the process afterwards. Call this first in main(), while
 * the process has one thread. */
void ls_event_log_start(void);

#endif
