/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the requests of commands to the profile's control servers. */
#ifndef LS_CLI_SESSION_CALL_H
#define LS_CLI_SESSION_CALL_H

#include "cli/session/session.h"
#include "proto/endpoints.h"

struct session_call {
	enum proto_endpoint endpoint;
	const char *params[PROTO_ENDPOINT_PARAMS_MAX]; /* for the endpoint's pattern, not escaped */
	const char *query; /* "limit=5&node_id=x", escaped; NULL for none */
	const char *path;  /* a path that a server gave, in place of the pattern; may be NULL */
	bool as_admin;     /* with the admin token, though the node has one of its own */
	json_t *body;      /* session_send releases it; NULL for none */
};

/* Sends a request with the credential that the endpoint expects. Afterwards session->answer is the
 * answer's body, NULL when it has none. A failure carries the server's own text and the next step
 * for the user. */
int session_send(struct session *session, const struct session_call *call,
                 struct ls_fail *fail) LS_MUST_CHECK;

/* Releases session->answer and returns `r`, the result of decoding it. When `r` is a failure, its
 * text gets the request in front. */
int session_decoded(struct session *session, int r, struct ls_fail *fail) LS_MUST_CHECK;

/* Sends a request and decodes the answer with decode(json, arena, ret, fail), a decoder of
 * src/proto; the compiler checks that it fits `ret`. What it decodes lives as long as the
 * session. */
#define SESSION_CALL(session, call, decode, ret, fail)                                             \
	({                                                                                         \
		int sent_ = session_send((session), (call), (fail));                               \
		sent_ < 0 ? sent_                                                                  \
		          : session_decoded(                                                       \
		                    (session),                                                     \
		                    decode((session)->answer, (session)->arena, (ret), (fail)),    \
		                    (fail));                                                       \
	})

/* Takes over this node's netmap, and the server that sent it, into the loaded state, without saving
 * it. Call it before the session's next request. */
void session_take_netmap(struct session *session, struct netmap *map);
/* Fetches this node's netmap into the loaded state, without saving it. */
int session_fetch_netmap(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

/* Loads the state with the newest netmap: fetches and saves it; when no server gives one, keeps the
 * stored one, and a note says so. */
int session_fresh_netmap(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

#endif
