/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of commands to the profile's control servers. */
#ifndef LS_CLI_SESSION_CALL_H
#define LS_CLI_SESSION_CALL_H

#include "cli/session/session.h"
#include "proto/endpoints.h"

struct session_call {
	enum proto_endpoint endpoint;
	const char *params[PROTO_ENDPOINT_PARAMS_MAX]; /* of the endpoint's pattern, as they are */
	const char *query; /* "limit=5&node_id=x", escaped; NULL for none */
	const char *path;  /* in place of the pattern's, when a server said where; NULL */
	json_t *body;      /* the reference is taken; NULL for none */
};

/* Sends to the control servers, with the credential that the endpoint wants; the answer's body is
 * session->answer then, NULL for an answer without one. Fails with the server's own text and the
 * next step. */
int session_send(struct session *session, const struct session_call *call,
                 struct ls_fail *fail) LS_MUST_CHECK;

/* Ends session->answer and passes `r` on, which is what decoding it gave: a failure then says which
 * request that answered. */
int session_decoded(struct session *session, int r, struct ls_fail *fail) LS_MUST_CHECK;

/* Sends and decodes the answer: decode(json, arena, ret, fail) is a decoder of proto's, checked for
 * the type of `ret`. What it decodes lives as long as the session. */
#define SESSION_CALL(session, call, decode, ret, fail)                                             \
	({                                                                                         \
		int sent_ = session_send((session), (call), (fail));                               \
		sent_ < 0 ? sent_                                                                  \
		          : session_decoded(                                                       \
		                    (session),                                                     \
		                    decode((session)->answer, (session)->arena, (ret), (fail)),    \
		                    (fail));                                                       \
	})

/* Gets this node's netmap into the loaded state, which is not saved yet. */
int session_fetch_netmap(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

#endif
