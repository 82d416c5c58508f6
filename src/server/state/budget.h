/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets of those who change something without an enrolment token or the admin token: strangers
 * who ask to join, and nodes that change their own keys. Each such change costs a commit, and
 * leaves entries in the audit log and the history of keys.
 *
 * A change is charged when it is applied. So what is refused costs nothing, and one source that
 * asks in several networks at the same moment may get a few more. */
#ifndef LS_SERVER_STATE_BUDGET_H
#define LS_SERVER_STATE_BUDGET_H

#include "server/state/change.h"

enum {
	/* Requests to join of one source, and of one network. */
	BUDGET_SOURCE_BURST = 60,
	BUDGET_SOURCE_EVERY_S = 10,
	BUDGET_NETWORK_BURST = 240,
	BUDGET_NETWORK_EVERY_S = 2,
	/* Key rotations that a node makes itself. */
	BUDGET_ROTATE_BURST = 20,
	BUDGET_ROTATE_EVERY_S = 60,
	/* What is kept: the newest entries of strangers in the audit log of a network; the newest
	 * ones of a node's own rotations, and the newest of its former keys. */
	BUDGET_STRANGER_ENTRIES = 2000,
	BUDGET_OWN_ENTRIES = 100,
	BUDGET_OLD_KEYS = 100,
};

/* The budgets of all sources: a table of fixed size, in which sources (ls_ip_source) with the
 * same hash share an entry. */
struct budgets;

struct budgets *state_budgets_new(void);
void state_budgets_free(struct budgets *budgets); /* NULL is fine */

/* For checks: LS_ERROR_TOO_MANY with fail->retry_s. */
int state_budget_check_join(const struct change *c, struct ls_fail *fail) LS_MUST_CHECK;
int state_budget_check_rotate(const struct change *c, struct ls_fail *fail) LS_MUST_CHECK;
/* For apply(): charge it. */
void state_budget_take_join(struct change *c);
void state_budget_take_rotate(struct change *c);

/* For checks: makes the change forget what exceeds the limits above. */
void state_budget_trim_strangers(struct change *c);
void state_budget_trim_node(struct change *c, const char *node_id);

#endif
