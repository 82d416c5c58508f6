/* SPDX-License-Identifier: Apache-2.0 */
/* The state file of an existing (v1) server:
 *
 *   {version: 1, revision, networks: {id: ..}, nodes: {id: ..}, tokens: {secret: ..},
 *    audit_log: [..]} */
#ifndef LS_SERVER_IMPORT_DOCUMENT_H
#define LS_SERVER_IMPORT_DOCUMENT_H

#include <jansson.h>

#include "server/import/draft.h"

/* Fills the operations, in an order in which the store takes them, as far as there is no problem.
 * The caller has set arena, report and now. LS_ERROR_BAD_VALUE: this is no state of a v1 server; or
 * there were problems, which were reported. -ENOMEM. */
int import_document_read(struct import_draft *draft, const json_t *json,
                         struct ls_fail *fail) LS_MUST_CHECK;

#endif
