/* SPDX-License-Identifier: Apache-2.0 */
/* Counts failed credentials. Each source may fail 30 times in a burst, then once per second; beyond
 * that its failures get 429 and are not counted. A right credential is never refused. The two kinds
 * of credential (doors) count separately. IPv6 sources count by their /64. The table has a fixed
 * size; sources with the same hash share an entry. */
#ifndef LS_SERVER_API_ATTEMPTS_H
#define LS_SERVER_API_ATTEMPTS_H

#include <stdint.h>

#include "wire/ip.h"

struct attempts;

/* Each door counts its own failures. */
enum attempts_door {
	ATTEMPTS_ADMIN,  /* the admin token; a person may have chosen a weak one */
	ATTEMPTS_SECRET, /* enrolment tokens and approval links, too long to guess */
};

struct attempts *api_attempts_new(void);
void api_attempts_free(struct attempts *attempts);
/* `now_s` is the time of a clock that nobody sets.
 * How many seconds the source must wait before it may fail again; 0: none. */
unsigned api_attempts_wait_s(struct attempts *attempts, enum attempts_door door,
                             const struct ls_ip *source, int64_t now_s);
/* Counts a failure. */
void api_attempts_failed(struct attempts *attempts, enum attempts_door door,
                         const struct ls_ip *source, int64_t now_s);

#endif
