/* SPDX-License-Identifier: Apache-2.0 */
/* The client's config.json (docs/protocol.md, "Client files"). Members that we do not know are
 * kept. A file that does not parse is reported and never overwritten. */
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
	/* From "control_urls", else from "control_url"; both may be a string or a list. Without
	 * blanks around them and without empty ones. */
	struct string_list control_urls;
	bool has_pin;
	bool pin_is_placeholder; /* empty or dots: no pin, but https:// must not be used without one
	                          */
	uint8_t tls_pinned_sha256[CONFIG_PIN_LEN];
	bool tls_self_signed; /* only the pin is checked, not the issuer */
	bool autostart;
	const char *state_dir; /* NULL: the default place */
	struct string_list agent_args;
	struct ls_fail fault; /* code 0: none; else nothing but `name` is set */
};

struct config;

/* Loads the file; a missing one is an empty configuration. `fail` names the path, and for a syntax
 * error also line and column. A profile that does not decode has a fault and leaves the others
 * usable. */
int profile_config_load(const char *path, struct config **ret, struct ls_fail *fail) LS_MUST_CHECK;
void profile_config_free(struct config *config);
/* Replaces the file, and makes its directory if missing. A new file has mode 0644, an old one keeps
 * its mode. */
int profile_config_save(const struct config *config, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;

/* NULL when there is none. The result is valid until the next profile_config_set_*. */
const struct config_profile *profile_config_find(const struct config *config, const char *name);

/* Both setters make the profile when it is missing. */
int profile_config_set_control_urls(struct config *config, const char *profile,
                                    struct string_list urls, struct ls_fail *fail) LS_MUST_CHECK;
/* `pin` NULL removes the pin. `self_signed` becomes "tls_self_signed", which is written only when
 * it is true. */
int profile_config_set_pin(struct config *config, const char *profile, const uint8_t *pin,
                           bool self_signed, struct ls_fail *fail) LS_MUST_CHECK;

/* Decodes 64 hex digits, with optional colons and blanks between them; else LS_ERROR_SYNTAX. */
int profile_config_pin_decode(const char *text, uint8_t ret[static CONFIG_PIN_LEN]) LS_MUST_CHECK;
const char *profile_config_pin_encode(const uint8_t pin[static CONFIG_PIN_LEN],
                                      char buf[static CONFIG_PIN_TEXT]);

#endif
