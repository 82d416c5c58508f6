/* SPDX-License-Identifier: Apache-2.0 */
/* Where the client's files are. Results are malloced; failures say which variable is missing. */
#ifndef LS_PROFILE_PATHS_H
#define LS_PROFILE_PATHS_H

#include "base/error.h"

/* $XDG_CONFIG_HOME/lightscale/config.json, else $HOME/.config/lightscale/config.json. Variables
 * that are empty or no absolute path count as missing (XDG Base Directory). */
int profile_path_default_config(char **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* $XDG_DATA_HOME/lightscale/<profile>, else $HOME/.local/share/lightscale/<profile>. */
int profile_path_default_state_dir(const char *profile, char **ret,
                                   struct ls_fail *fail) LS_MUST_CHECK;
/* <state_dir>/state.json */
int profile_path_state_file(const char *state_dir, char **ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
