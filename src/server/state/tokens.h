/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens in the making. */
#ifndef LS_SERVER_STATE_TOKENS_H
#define LS_SERVER_STATE_TOKENS_H

#include "proto/token.h"
#include "server/state/objects.h"

/* The record of a new token, whose secret goes into `secret`; NULL when memory is gone. */
struct token_record *state_token_draft(const struct network *network,
                                       const struct token_create *request, int64_t now,
                                       char secret[static SECRET_TEXT]) LS_MUST_CHECK;

#endif
