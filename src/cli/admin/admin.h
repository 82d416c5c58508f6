/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin commands share. */
#ifndef LS_CLI_ADMIN_ADMIN_H
#define LS_CLI_ADMIN_ADMIN_H

#include <jansson.h>

#include "base/error.h"
#include "cli/frame/args.h"
#include "cli/session/session.h"
#include "proto/token.h"

extern const struct cli_option admin_json_options[]; /* --json alone */

/* Opens a session, runs `fn` in it and ends it. */
int admin_run(const struct cli_args *args,
              int (*fn)(const struct cli_args *args, struct session *session, struct ls_fail *fail),
              struct ls_fail *fail) LS_MUST_CHECK;

/* A request with the admin token; *ret is a new reference. */
int admin_get(struct session *session, const char *path, json_t **ret,
              struct ls_fail *fail) LS_MUST_CHECK;
/* The same with a method and, if not NULL, a body, whose reference is taken. */
int admin_send(struct session *session, enum control_method method, const char *path, json_t *body,
               json_t **ret, struct ls_fail *fail) LS_MUST_CHECK;

/* A token that was just made, secret included, as fields, and what to do with it. */
void admin_print_token(const struct session *session, const struct enrollment_token *token);

#endif
