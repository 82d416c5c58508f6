/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for tests that change the server's state: they record the outcome of each change, and
 * make a change over a store that answers at once look like one call. */
#ifndef LS_TESTS_SERVER_CHANGES_H
#define LS_TESTS_SERVER_CHANGES_H

#include <stdlib.h>

#include "server/state/state.h"

struct ended {
	unsigned times; /* how often the completion was called */
	int code;
	struct ls_fail fail;
	struct network *network;
	struct node *node;
	struct token *token;
	struct state_secrets secrets;
};

static inline void ended_note(void *arg, const struct state_outcome *outcome)
{
	struct ended *ended = arg;

	ended->times++;
	ended->code = outcome->code;
	if (outcome->fail)
		ended->fail = *outcome->fail;
	ended->network = outcome->network;
	ended->node = outcome->node;
	ended->token = outcome->token;
	ended->secrets = *outcome->secrets;
}

static inline struct state_completion ended_then(struct ended *ended)
{
	*ended = (struct ended){0};
	return (struct state_completion){.done = ended_note, .arg = ended};
}

static inline int ended_at_once(int begun, struct ended *ended)
{
	if (ended->times != (begun == 0))
		abort();
	if (begun < 0)
		ended->code = begun;
	return ended->code;
}

/* The code with which the change ended. Adds the last arguments of the function. */
#define CHANGE(ended, function, ...)                                                               \
	ended_at_once((function)(__VA_ARGS__, ended_then(ended), &(ended)->fail), ended)

#endif
