/* SPDX-License-Identifier: Apache-2.0 */
/* From a request that evhttp has read to its endpoint's handler and its answer. */
#ifndef LS_SERVER_API_DISPATCH_H
#define LS_SERVER_API_DISPATCH_H

#include <event2/http.h>

/* evhttp's callback for every request; `arg` is the struct server. */
void api_dispatch(struct evhttp_request *request, void *arg);

#endif
