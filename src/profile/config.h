/* SPDX-License-Identifier: Apache-2.0 */
/* The client's config.json (docs/protocol.md, "Client files"). What others wrote into it and we do
 * not know stays as it is. A file that does not parse is reported and never overwritten. */
#ifndef LS_PROFILE_CONFIG_H
#define LS_PROFILE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/string_list.h"

enum {
	CONFIG_PIN_LEN = 32, /* SHA-256 */
	CONFIG_PIN_TEXT = 2 * CONFIG_PIN_LEN + 1,
};

struct config_profile {
	const char *name;
	struct string_list control_urls; /* of "control_urls", or the one of "control_url" */
	bool has_pin;
	uint8_t tls_pinned_sha256[CONFIG_PIN_LEN];
	bool tls_self_signed; /* the pin alone is enough, whoever issued the certificate */
	bool autostart;
	const char *state_dir; /* NULL: the default place */
	struct string_list agent_args;
};

struct config;

/* A missing file is an empty configuration. `fail` names the path, and for syntax line and
 * column. */
int profile_config_load(const char *path, struct config **ret, struct ls_fail *fail) LS_MUST_CHECK;
void profile_config_free(struct config *config);
/* Replaces the file (mode 0644, or what it had), making its directory when missing. */
int profile_config_save(const struct config *config, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;

/* NULL when there is none; lives until the next profile_config_set_*. */
const struct config_profile *profile_config_find(const struct config *config, const char *name);

/* Make the profile when it is missing. */
int profile_config_set_control_urls(struct config *config, const char *profile,
                                    struct string_list urls, struct ls_fail *fail) LS_MUST_CHECK;
/* pin NULL removes it. `self_signed` is "tls_self_signed", which is only written when true. */
int profile_config_set_pin(struct config *config, const char *profile, const uint8_t *pin,
                           bool self_signed, struct ls_fail *fail) LS_MUST_CHECK;

/* 64 hex digits, colons and blanks between them allowed; LS_ERROR_SYNTAX. */
int profile_config_pin_decode(const char *text, uint8_t ret[static CONFIG_PIN_LEN]) LS_MUST_CHECK;
const char *profile_config_pin_encode(const uint8_t pin[static CONFIG_PIN_LEN],
                                      char buf[static CONFIG_PIN_TEXT]);

#endif
