/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a database of ours from the state file of an existing (v1) server. */
#ifndef LS_SERVER_IMPORT_IMPORT_H
#define LS_SERVER_IMPORT_IMPORT_H

#include <stdio.h>

#include "base/error.h"

/* Reads the file and writes its networks, nodes, tokens and audit log into the database at
 * `state_path`, which must be new or empty: all of it in one transaction, or nothing. `report` gets
 * one line for each odd value, and one at the end. */
int import_file(const char *path, const char *state_path, FILE *report,
                struct ls_fail *fail) LS_MUST_CHECK;

#endif
