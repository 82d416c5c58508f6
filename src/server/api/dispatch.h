/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the endpoint of a request, checks its credential and calls the endpoint's handler. */
#ifndef LS_SERVER_API_DISPATCH_H
#define LS_SERVER_API_DISPATCH_H

#include "server/http/handler.h"

/* For the listeners of the API; the context is the struct server. */
extern const struct httpd_handler api_dispatch_handler;

#endif
