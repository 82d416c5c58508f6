/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands need, from the global options: the profile's files, the control servers and
 * the credentials. Zero-initialise a session; session_done is valid after any failure. */
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
	const char *profile;                /* borrowed from the arguments */
	char program[SESSION_PROGRAM_TEXT]; /* how the user calls the program: with --profile unless
	                                       it is the default */
	char *config_path;
	struct config *config;
	char *state_path;         /* of state.json */
	struct node_state *state; /* NULL until session_load_state */
	struct known_hosts known; /* those of the state, and what this command learns */
	bool announces;           /* state->announced is this command's: save it */
	bool locked;              /* true while the command itself holds the state's lock */
	struct control_url_list urls;
	bool urls_from_option;
	struct control_trust trust; /* the pin of --tls-pin, else the profile's */
	bool lacks_pin;             /* the profile has a placeholder for one */
	bool pin_from_option;
	struct control_sync *sync; /* NULL until the first request */
	char *asked;            /* "GET http://host/path" of the last request that was answered */
	json_t *answer;         /* the answer's body until it is decoded (call.h), else NULL */
	char *admin_token;      /* NULL: none given */
	struct ls_arena *arena; /* for decoded answers; lives as long as the session */
};

/* Reads the configuration and the admin token, not the state. */
int session_open(const struct cli_args *args, struct session *ret,
                 struct ls_fail *fail) LS_MUST_CHECK;
void session_done(struct session *session);

/* Loads the profile's state. Without one it fails with LS_ERROR_NOT_FOUND, and the text says how to
 * register. */
int session_load_state(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;
/* Fails when the loaded state has no netmap. */
int session_need_netmap(const struct session *session, struct ls_fail *fail) LS_MUST_CHECK;
/* Saves the loaded netmap. Reads the file again first, because an agent or another command may have
 * written it meanwhile. */
int session_save_state(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;
/* Saves new keys in the same way. */
int session_save_keys(struct session *session, const struct node_keys *keys,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Fails when neither the options nor the profile name a control server. */
int session_need_urls(const struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

/* When fail->hint says that a pin would help, appends the command that stores one for this
 * profile. */
void session_advise_pin(const struct session *session, struct ls_fail *fail);
/* Prints the note "Next: 'lightscale-client [--profile NAME] <command>' <what>." */
void session_note_next(const struct session *session, const char *command, const char *what);

/* Writes the control URLs and the pin into the profile when options gave them. */
int session_save_servers(struct session *session, struct ls_fail *fail) LS_MUST_CHECK;

#endif
