/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a page instead of JSON: people with a browser, and programs that fetch a link although
 * nobody has opened it, to preview or to prefetch it. */
#ifndef LS_SERVER_API_BROWSER_H
#define LS_SERVER_API_BROWSER_H

#include <stdbool.h>

#include "http/request.h"

/* True when the request comes from one of them. A request of such a client must not change anything
 * unless it is a POST. */
bool api_browser_asks(const struct http_head *head);

#endif
