/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the client's files. Results are malloced; failures name the missing variable. */
#ifndef LS_PROFILE_PATHS_H
#define LS_PROFILE_PATHS_H

#include "base/error.h"

/* $XDG_CONFIG_HOME/lightscale/config.json, else $HOME/.config/lightscale/config.json. A variable
 * that is empty or no absolute path counts as missing (XDG Base Directory). */
int profile_path_default_config(char **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* $XDG_DATA_HOME/lightscale/<profile>, else $HOME/.local/share/lightscale/<profile>. */
int profile_path_default_state_dir(const char *profile, char **ret,
                                   struct ls_fail *fail) LS_MUST_CHECK;
/* <state_dir>/state.json */
int profile_path_state_file(const char *state_dir, char **ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
