/* SPDX-License-Identifier: Apache-2.0 */
/* Access policies as people read them, and what one would change. */
#ifndef LS_CLI_SHOW_ACL_TEXT_H
#define LS_CLI_SHOW_ACL_TEXT_H

#include <jansson.h>

#include "proto/acl.h"
#include "proto/acl_diff.h"
#include "proto/node_admin.h"

/* The rules as a table. */
void show_acl_text_print(const struct acl_policy *policy);

/* The nodes of a network that are active, sorted by name. */
struct acl_roster {
	struct acl_subject *subjects;
	size_t count;
};

/* Borrows from `nodes`. -ENOMEM. */
int show_acl_roster_make(const struct node_list *nodes, struct acl_roster *ret) LS_MUST_CHECK;
void show_acl_roster_done(struct acl_roster *roster);

/* "a and b can no longer see each other", the first ones of each list by name. */
void show_acl_text_print_diff(const struct acl_roster *roster, const struct acl_diff *diff);
/* {"gained_count", "gained": [[{id, name}, {id, name}]], "lost_count", "lost"} as members of
 * `document`; false when memory is gone. */
bool show_acl_text_put_diff(json_t *document, const struct acl_roster *roster,
                            const struct acl_diff *diff);

/* Notes about words of the policy that no node of the network has: most are misspelt. */
void show_acl_text_note_strangers(const struct acl_policy *policy, const struct node_list *nodes);

#endif
