/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands need: the profile's files, the control servers and the credentials, from the
 * global options. Zero-initialise a session; session_done is fine after any failure. */
#ifndef LS_CLI_SESSION_SESSION_H
#define LS_CLI_SESSION_SESSION_H

#include <jansson.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/frame/args.h"
#include "cli/session/node_keys.h"
#include "control/sync.h"
#include "control/url.h"
#include "profile/config.h"
#include "profile/node_state.h"

enum {
	SESSION_PROGRAM_TEXT = LIMIT_PROFILE_LEN + 32,
};

struct session {
	const char *profile;                /* of the arguments */
	char program[SESSION_PROGRAM_TEXT]; /* as a next step is typed: with the profile unless
	                                       default */
	char *config_path;
	struct config *config;
	char *state_path;         /* of state.json */
	struct node_state *state; /* NULL until session_load_state */
	bool locked;              /* an enrolment holds the state's lock */
	struct control_url_list urls;
	bool urls_from_option;
	struct control_trust trust; /* the pin of --tls-pin, else the profile's */
	bool pin_from_option;
	struct control_sync *sync; /* NULL until the first request */
	char *asked;            /* "GET http://host/path" of the last request that was answered */
	json_t *answer;         /* its body until it is decoded (call.h); NULL: none */
	char *admin_token;      /* NULL: none given */
	struct ls_arena *arena; /* for answers; lives as long as the session */
};

/* Reads the configuration and the admin token; the state is not touched. */
int session_open(const struct cli_args *args, struct session *ret,
                 struct ls_fail *fail) LS_MUST_CHECK;
void session_done(struct session *session);

/* The profile's state; a profile without one is LS_ERROR_NOT_FOUND and says how to register. */
int session_load_state(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;
/* The same, and fails where it holds no netmap. */
int session_load_netmap(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;
/* Stores what was learnt: the netmap goes into the file as it is by now, for an agent or another
 * command may have written it meanwhile. */
int session_save_state(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;
/* Stores new keys in the same way. */
int session_save_keys(struct session *session, const struct node_keys *keys,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Fails when neither the options nor the profile name a control server. */
int session_need_urls(const struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

/* Where a pin would help (fail->hint): adds the command that stores it for this profile. */
void session_advise_pin(const struct session *session, struct ls_fail *fail);
/* The note "Next: 'lightscale-client [--profile NAME] <command>' <what>." */
void session_note_next(const struct session *session, const char *command, const char *what);

/* Writes into the profile what options gave: the control URLs and the pin. */
int session_save_servers(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

#endif
