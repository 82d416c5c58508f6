/* SPDX-License-Identifier: Apache-2.0 */
/* From a request that the front has read to its endpoint's handler and its answer. */
#ifndef LS_SERVER_API_DISPATCH_H
#define LS_SERVER_API_DISPATCH_H

#include "server/http/handler.h"

/* Of the API's listeners; the context is the struct server. */
extern const struct httpd_handler api_dispatch_handler;

#endif
