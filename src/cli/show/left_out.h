/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan does not use of its netmap, and why. */
#ifndef LS_CLI_SHOW_LEFT_OUT_H
#define LS_CLI_SHOW_LEFT_OUT_H

#include <jansson.h>

#include "plan/plan.h"

/* Prints "left out: WHAT: REASON" lines, after an empty line if there are any. */
void show_left_out_print(const struct plan *plan);
/* `[{what, reason}]`, a new reference; NULL when out of memory. No plan: an empty list. */
json_t *show_left_out_json(const struct plan *plan);
/* Adds that list to an object as `left_out`, and returns the object; NULL, having released it, when
 * out of memory or when the object is NULL. */
json_t *show_left_out_add(json_t *object, const struct plan *plan);

#endif
