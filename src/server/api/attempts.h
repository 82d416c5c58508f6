/* SPDX-License-Identifier: Apache-2.0 */
/* Failed credentials per source and door: 30 at once, then one a second; more are 429. A table of
 * fixed size, where those that fall on the same place share it; IPv6 sources count by their /64. */
#ifndef LS_SERVER_API_ATTEMPTS_H
#define LS_SERVER_API_ATTEMPTS_H

#include <stdint.h>

#include "wire/ip.h"

struct attempts;

/* Each counts for itself: who is wrong at one door, perhaps from behind the same router or proxy,
 * does not close the admin's. */
enum attempts_door {
	ATTEMPTS_ADMIN,  /* the admin token, which may be one that a person chose */
	ATTEMPTS_SECRET, /* enrolment tokens and approval links, which nobody guesses */
};

struct attempts *api_attempts_new(void);
void api_attempts_free(struct attempts *attempts);
/* For how many seconds the source may not be wrong again; 0 when it may now. */
unsigned api_attempts_wait_s(struct attempts *attempts, enum attempts_door door,
                             const struct ls_ip *source, int64_t now_s);
void api_attempts_failed(struct attempts *attempts, enum attempts_door door,
                         const struct ls_ip *source, int64_t now_s);

#endif
