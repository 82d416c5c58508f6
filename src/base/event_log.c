/* SPDX-License-Identifier: Apache-2.0 */
#include "base/event_log.h"

#include <event2/event.h>

#include "base/log.h"

/* Callers report their failures themselves, with context. libevent's line helps to find the
 * cause. */
static void on_message(int severity, const char *message)
{
	ls_log(severity == EVENT_LOG_ERR ? LS_LOG_ERROR : LS_LOG_DEBUG, "libevent.message",
	       "text=\"%s\"", message);
}

void ls_event_log_start(void)
{
	event_set_log_callback(on_message);
}
