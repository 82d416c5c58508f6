/* SPDX-License-Identifier: Apache-2.0 */
/* How a change of the state ended. */
#ifndef LS_SERVER_STATE_OUTCOME_H
#define LS_SERVER_STATE_OUTCOME_H

#include "base/error.h"
#include "server/state/secrets.h"

struct network;
struct node;
struct token;

/* Fresh secrets, which only their owner gets to see. "" for those that the change did not make. */
struct state_secrets {
	char enrolment_token[SECRET_TEXT];
	char node_token[SECRET_TEXT];
	char approval[SECRET_TEXT];
};

/* All of it lives only during the call that brings it. */
struct state_outcome {
	int code;                   /* 0: durable, and in memory */
	const struct ls_fail *fail; /* why not, when code is negative */
	/* What the change was about or has made; NULL for what it is not about or has deleted. */
	struct network *network;
	struct node *node;
	struct token *token;
	const struct state_secrets *secrets;
};

/* Whom to tell. */
struct state_completion {
	void (*done)(void *arg, const struct state_outcome *outcome);
	void *arg;
};

#endif
