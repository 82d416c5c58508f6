/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_CLI_FRAME_LATER_H
#define LS_CLI_FRAME_LATER_H

#include <stdbool.h>

/* True for a command or option (without dashes) that v1 clients have and this version lacks. It is
 * refused as unknown, without the suggestion of a similar name. */
bool cli_is_later(const char *word);

#endif
