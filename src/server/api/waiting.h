/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that wait for the store: for their change, or for what they read. A call that has waited
 * for WAITING_S is answered with 503 and Retry-After, and what it asked for is taken back. The
 * store cannot take back what it is writing at that time: then the call waits as long again, and
 * the answer says that nobody knows how it ends. What a client that has gone asked for is taken
 * back too, if that is still possible; after WAITING_HURRIED_S, if the client has only ended its
 * sending half. When the server stops, all calls wait for that time only. */
#ifndef LS_SERVER_API_WAITING_H
#define LS_SERVER_API_WAITING_H

#include "server/api/call.h"

enum {
	WAITING_S = 5,
	WAITING_HURRIED_S = 1,
};

struct waiting;

/* NULL when out of memory. */
struct waiting *api_waiting_new(struct server *server);
/* NULL is fine. No call must wait any more. */
void api_waiting_free(struct waiting *waiting);

/* The call waits from now on. `withdraw` takes back what it waits for. True: that never took place,
 * and the holder will not hear of it; false: the holder will be told how it ended. */
void api_waiting_add(struct call *call, bool (*withdraw)(struct call *call));
/* The server stops. */
void api_waiting_hurry(struct waiting *waiting);
/* The call waits no more. */
void api_waiting_end(struct call *call);

#endif
