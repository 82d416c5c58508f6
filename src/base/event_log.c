/* SPDX-License-Identifier: Apache-2.0 */
#include "base/event_log.h"

#include <event2/event.h>

#include "base/log.h"

/* What fails, such as an address that cannot be listened on, is reported with its context by the
 * code that asked for it; libevent's line is for those who look for the cause. */
static void on_message(int severity, const char *message)
{
	ls_log(severity == EVENT_LOG_ERR ? LS_LOG_ERROR : LS_LOG_DEBUG, "libevent.message",
	       "text=\"%s\"", message);
}

void ls_event_log_start(void)
{
	event_set_log_callback(on_message);
}
