/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/session/session.h"
#include "control/pin.h"

struct found {
	const struct control_url *url;
	struct control_pin pin;
};

static bool same_pin(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, CONFIG_PIN_LEN) == 0;
}

/* Fetches the certificate of the first https:// server that answers. */
static int fetch_first(const struct session *session, struct found *ret, struct ls_fail *fail)
{
	struct ls_fail why;
	bool tried = false;

	for (size_t i = 0; i < session->urls.count; i++) {
		const struct control_url *url = &session->urls.items[i];

		if (!url->tls)
			continue;
		if (tried)
			cli_note("%s", why.text);
		tried = true;
		if (control_pin_fetch(url, &ret->pin, &why) == 0) {
			ret->url = url;
			return 0;
		}
	}
	if (!tried)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "no control URL of profile '%s' begins with https://: there is "
		                   "no certificate to pin",
		                   session->profile);
	*fail = why;
	return why.code;
}

/* A profile has one pin for all its servers: notes which of the other servers do not match it. */
static void note_others(const struct session *session, const struct found *found)
{
	for (size_t i = 0; i < session->urls.count; i++) {
		const struct control_url *url = &session->urls.items[i];
		struct control_pin pin;
		struct ls_fail why;

		if (url <= found->url)
			continue;
		if (!url->tls)
			cli_note("%s: not used any more, since it has no certificate", url->text);
		else if (control_pin_fetch(url, &pin, &why) < 0)
			cli_note("%s", why.text);
		else if (!same_pin(pin.certificate.sha256, found->pin.certificate.sha256))
			cli_note("%s: shows another certificate, which does not match the pin",
			         url->text);
	}
}

static int check(const struct cli_args *args, const struct session *session,
                 const struct found *found, struct ls_fail *fail)
{
	const struct config_profile *profile =
	        profile_config_find(session->config, session->profile);
	const uint8_t *seen = found->pin.certificate.sha256;
	char old[CONFIG_PIN_TEXT], new[CONFIG_PIN_TEXT];

	(void)profile_config_pin_encode(seen, new);
	if (session->pin_from_option && !same_pin(session->trust.pin, seen))
		return ls_fail_set(fail, LS_ERROR_UNTRUSTED,
		                   "%s: wrong certificate: expected the pin %s, seen %s",
		                   found->url->text,
		                   profile_config_pin_encode(session->trust.pin, old), new);
	if (found->pin.verdict.code < 0 && !cli_given(args, "self-signed")) {
		*fail = found->pin.verdict;
		session_advise_pin(session, fail);
		return ls_fail_prefix(fail, "%s", found->url->text);
	}
	if (profile && profile->has_pin && !same_pin(profile->tls_pinned_sha256, seen) &&
	    !cli_given(args, "force"))
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "%s: profile '%s' has the pin %s, and the server shows %s; '%s "
		                   "pin --force%s' replaces it",
		                   found->url->text, session->profile,
		                   profile_config_pin_encode(profile->tls_pinned_sha256, old), new,
		                   session->program,
		                   cli_given(args, "self-signed") ? " --self-signed" : "");
	return 0;
}

static int store(struct session *session, const struct found *found, bool self_signed,
                 struct ls_fail *fail)
{
	const struct config_profile *profile =
	        profile_config_find(session->config, session->profile);
	const uint8_t *seen = found->pin.certificate.sha256;
	int r;

	if (profile && profile->has_pin && same_pin(profile->tls_pinned_sha256, seen) &&
	    profile->tls_self_signed == self_signed) {
		cli_note("the profile has this pin already");
		return 0;
	}
	r = profile_config_set_pin(session->config, session->profile, seen, self_signed, fail);
	return r < 0 ? r : profile_config_save(session->config, session->config_path, fail);
}

static int print(const struct cli_args *args, const struct session *session,
                 const struct found *found, struct ls_fail *fail)
{
	const struct certificate *certificate = &found->pin.certificate;
	bool self_signed = cli_given(args, "self-signed");
	char pin[CONFIG_PIN_TEXT];

	(void)profile_config_pin_encode(certificate->sha256, pin);
	if (cli_given(args, "json"))
		return cli_print_json(json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "profile",
		                                session->profile, "control_url", found->url->text,
		                                "tls_pinned_sha256", pin, "tls_self_signed",
		                                self_signed, "names", certificate->names, "issuer",
		                                certificate->issuer),
		                      fail);
	cli_field("profile", "%s", session->profile);
	cli_field("server", "%s", found->url->text);
	cli_field("pin", "%s", pin);
	cli_field("names", "%s", certificate->names);
	cli_field("issuer", "%s", certificate->issuer);
	cli_field("valid", "%s to %s", certificate->not_before, certificate->not_after);
	cli_field("trusted by", "%s",
	          self_signed ? "the pin alone" : "its issuer, its name and the pin");
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct found found = {0};
	int r = session_open(args, &session, fail);

	session.lacks_pin = false; /* this command gets it */
	if (r == 0)
		r = session_need_urls(&session, fail);
	if (r == 0)
		r = fetch_first(&session, &found, fail);
	if (r == 0)
		r = check(args, &session, &found, fail);
	if (r == 0)
		r = store(&session, &found, cli_given(args, "self-signed"), fail);
	if (r < 0)
		return r;
	note_others(&session, &found);
	return print(args, &session, &found, fail);
}

static const struct cli_option options[] = {
        {.name = "force", .kind = CLI_FLAG, .help = "replace the profile's pin"},
        {.name = "self-signed",
         .kind = CLI_FLAG,
         .help = "trust the pin alone, whoever issued the certificate"},
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_pin = {
        .path = "pin",
        .summary = "Pin the control server's certificate",
        .description =
                "Takes the certificate that the first https:// control server shows now, and\n"
                "writes its SHA-256 into the profile. Compare it with what\n"
                "  openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE\n"
                "prints on the server, or give that to --tls-pin. From then on a server must\n"
                "have this certificate, and it must be valid. With --self-signed it need not be\n"
                "valid.",
        .options = options,
        .run = run,
};
