/* SPDX-License-Identifier: Apache-2.0 */
/* Prints access policies, and what a new policy would change. */
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

/* Prints which nodes could newly, or no longer, see each other: the first pairs of each list, by
 * name. */
void show_acl_text_print_diff(const struct acl_roster *roster, const struct acl_diff *diff);
/* Prints a note when the policy allows one direction only between some nodes: who then sees whom,
 * and if the policy does not say its sight, what servers of v1 would make of it. */
void show_acl_text_note_one_way(const struct acl_policy *policy, const struct acl_roster *roster,
                                const struct acl_diff *diff);
/* Sets {"gained_count", "gained": [[{id, name}, {id, name}]], "lost_count", "lost",
 * "one_way_count", "one_way"} as members of `document`; false when out of memory. */
bool show_acl_text_put_diff(json_t *document, const struct acl_roster *roster,
                            const struct acl_diff *diff);

/* Prints notes about words of the policy that match no node of the network: most are misspelt. */
void show_acl_text_note_strangers(const struct acl_policy *policy, const struct node_list *nodes);

#endif
