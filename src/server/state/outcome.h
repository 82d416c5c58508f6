/* SPDX-License-Identifier: Apache-2.0 */
/* How a change of the state ended. */
#ifndef LS_SERVER_STATE_OUTCOME_H
#define LS_SERVER_STATE_OUTCOME_H

#include "base/error.h"
#include "server/state/secrets.h"
#include "server/state/ticket.h"

struct network;
struct node;
struct token;

/* New secrets, which only their owner may see. "": the change did not make this one. */
struct state_secrets {
	char enrolment_token[SECRET_TEXT];
	char node_token[SECRET_TEXT];
	char approval[SECRET_TEXT];
};

/* The result of a change. All of it lives only during the call of done(). */
struct state_outcome {
	int code;                   /* 0: the change is durable and applied */
	const struct ls_fail *fail; /* the reason, when code is negative */
	/* The objects that the change was about or has made. NULL: there is none, or the change has
	 * deleted it. */
	struct network *network;
	struct node *node;
	struct token *token;
	const struct state_secrets *secrets;
};

/* What to call when the change has ended. */
struct state_completion {
	struct state_ticket *ticket; /* NULL: nobody gives the change up */
	void (*done)(void *arg, const struct state_outcome *outcome);
	void *arg;
};

#endif
