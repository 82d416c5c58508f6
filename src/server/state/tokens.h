/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts of enrolment tokens. */
#ifndef LS_SERVER_STATE_TOKENS_H
#define LS_SERVER_STATE_TOKENS_H

#include "proto/token.h"
#include "server/state/objects.h"

struct change;

/* Makes the record of a new token and gives its secret; NULL when out of memory. */
struct token_record *state_token_draft(const struct network *network,
                                       const struct token_create *request, int64_t now,
                                       char secret[static SECRET_TEXT]) LS_MUST_CHECK;

/* Adds the audit entry of a new token to the change. `record` NULL: out of memory. */
void state_token_audit(struct change *c, const struct token_record *record);

#endif
