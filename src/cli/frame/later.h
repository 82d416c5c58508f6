/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_CLI_FRAME_LATER_H
#define LS_CLI_FRAME_LATER_H

#include <stdbool.h>

/* Commands and options (without dashes) that existing clients have and this version has not:
 * refused as unknown, but no misspelling of another. */
bool cli_is_later(const char *word);

#endif
