/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/node/enrol.h"
#include "cli/session/call.h"
#include "proto/limits.h"
#include "proto/registration.h"

enum {
	APPROVAL_WAIT_S = 10,
	APPROVAL_POLL_MS = 100,
};

static int check_usage(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_given(args, "admin-auto-approve") && !cli_given(args, "admin-url"))
		return ls_fail_set(fail, LS_ERROR_USAGE, "--admin-auto-approve needs --admin-url");
	return 0;
}

static int enrol(const struct cli_args *args, struct enrolment *enrolment,
                 struct register_url_answer *ret, struct ls_fail *fail)
{
	struct register_url_request request = {
	        .network_id = args->positionals[0],
	        .node_name = enrolment->node_name,
	        .rename_if_taken = enrolment->any_name,
	        .machine_public_key = enrolment->keys.machine_public_key,
	        .wg_public_key = enrolment->keys.wg_public_key,
	        .ttl_seconds = cli_number(args, "ttl-seconds"),
	};
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_REGISTER_URL,
	                                  .body = proto_register_url_request_encode(&request)};
	struct enrolled enrolled;
	int r = SESSION_CALL(enrolment->session, &call, proto_register_url_answer_decode, ret,
	                     fail);

	if (r < 0)
		return r;
	enrolled = (struct enrolled){
	        .network_id = ret->network_id,
	        .node_id = ret->node_id,
	        .node_token = ret->node_token,
	        .node_name = ret->node_name,
	        .ipv4 = ret->ipv4,
	        .ipv6 = ret->ipv6,
	};
	return node_enrol_store(enrolment, &enrolled, fail);
}

/* Approves with the admin token if there is one, else with the secret path from the server's
 * answer. */
static int approve(struct session *session, const struct register_url_answer *answer,
                   struct ls_fail *fail)
{
	struct session_call call = {.endpoint = PROTO_ENDPOINT_APPROVE,
	                            .params = {answer->node_id}};

	if (!session->admin_token)
		call = (struct session_call){.endpoint = PROTO_ENDPOINT_APPROVE_BY_SECRET,
		                             .path = answer->auth_path};
	return session_send(session, &call, fail);
}

/* Waits until the netmap says that the node is approved: another server of the list may learn of
 * the approval later. */
static int await_approval(struct session *session, struct ls_fail *fail)
{
	const struct timespec pause = {.tv_nsec = APPROVAL_POLL_MS * (long)LS_NS_PER_MS};
	uint64_t deadline = ls_now_ns() + APPROVAL_WAIT_S * LS_NS_PER_S;

	for (bool told = false;; told = true) {
		int r = session_fetch_netmap(session, fail);

		if (r < 0)
			return r;
		if (session->state->last_netmap->node.approved)
			return session_save_state(session, fail);
		if (ls_now_ns() >= deadline)
			break;
		if (!told)
			cli_note("Waiting until the netmap says that the node is approved.");
		(void)nanosleep(&pause, NULL);
	}
	return ls_fail_set(fail, -ETIMEDOUT,
	                   "node %s is registered, but after %d s its netmap does not say that it "
	                   "is approved: try '%s netmap' later",
	                   session->state->node_id, APPROVAL_WAIT_S, session->program);
}

static int approve_now(struct session *session, const struct register_url_answer *answer,
                       struct ls_fail *fail)
{
	int r = approve(session, answer, fail);

	if (r < 0)
		return ls_fail_prefix(fail, "node %s is registered, but not approved",
		                      answer->node_id);
	return await_approval(session, fail);
}

/* What joins the first `len` bytes of a URL and another member of its query. */
static const char *joint(const char *url, size_t len)
{
	if (!memchr(url, '?', len))
		return "?";
	return url[len - 1] == '?' || url[len - 1] == '&' ? "" : "&";
}

/* "<admin-url>?ls_join=1&network_id=..&auth_path=.." (docs/protocol.md, "Rules"). */
static void add_admin_url(const struct cli_args *args, const struct register_url_answer *answer,
                          struct ls_buf *buf)
{
	char path[3 * LIMIT_TEXT_LEN + 1], network[3 * LIMIT_ID_LEN + 1];
	const char *admin_url = cli_text(args, "admin-url");
	size_t base;

	if (!proto_escape(answer->auth_path, path, sizeof(path)) ||
	    !proto_escape(answer->network_id, network, sizeof(network))) {
		buf->failed = true;
		return;
	}
	/* It may have a query of its own, and a fragment, which comes last. */
	base = strcspn(admin_url, "#");
	ls_buf_printf(buf, "%.*s%sls_join=1&network_id=%s&auth_path=%s%s%s", (int)base, admin_url,
	              joint(admin_url, base), network, path,
	              cli_given(args, "admin-auto-approve") ? "&ls_auto_approve=1" : "",
	              admin_url + base);
}

/* The approval URLs: one of the admin console, or one for each control server. */
static json_t *approval_urls(const struct cli_args *args, const struct session *session,
                             const struct register_url_answer *answer)
{
	json_t *urls = json_array();
	size_t count = cli_given(args, "admin-url") ? 1 : session->urls.count;

	for (size_t i = 0; urls && i < count; i++) {
		struct ls_buf buf = {0};
		const char *text;

		if (cli_given(args, "admin-url"))
			add_admin_url(args, answer, &buf);
		else
			ls_buf_printf(&buf, "%s%s", session->urls.items[i].text, answer->auth_path);
		text = ls_buf_text(&buf);
		if (!text || json_array_append_new(urls, json_string(text)) < 0) {
			json_decref(urls);
			urls = NULL;
		}
		ls_buf_done(&buf);
	}
	return urls;
}

static int print_json(const struct session *session, const struct register_url_answer *answer,
                      bool approved, json_t *urls, struct ls_fail *fail)
{
	const struct node_state *state = session->state;
	char v4[LS_IP_TEXT], v6[LS_IP_TEXT];
	json_t *json = json_pack(
	        "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:O}", "profile", session->profile,
	        "network_id", state->network_id, "node_id", state->node_id, "node_name",
	        state->node_name, "ipv4", ls_ip_format(&state->ipv4, v4), "ipv6",
	        ls_ip_format(&state->ipv6, v6), "approved", (int)approved, "expires_at",
	        (json_int_t)answer->expires_at, "approval_urls", urls);

	return cli_print_json(json, fail);
}

static void print_text(const struct session *session, const struct register_url_answer *answer,
                       bool approved, const json_t *urls)
{
	const struct node_state *state = session->state;
	char v4[LS_IP_TEXT], v6[LS_IP_TEXT], age[CLI_AGE_TEXT], key[LS_KEY_SHORT_TEXT];

	cli_field("node", "%s (%s)", state->node_name, state->node_id);
	cli_field("network", "%s", state->network_id);
	cli_field("addresses", "%s, %s", ls_ip_format(&state->ipv4, v4),
	          ls_ip_format(&state->ipv6, v6));
	cli_field("approved", "%s", approved ? "yes" : "no, it waits for approval");
	cli_field("state", "%s", session->state_path);
	if (approved) {
		session_note_next(session, "agent", "keeps this machine in the network, as root");
		return;
	}
	/* The page of the URL shows it too, so that people can compare. */
	cli_field("machine key", "%s..", key_short(state->machine_public_key.b, key));
	for (size_t i = 0; i < json_array_size(urls); i++)
		cli_field(i == 0 ? "approve at" : "or at", "%s",
		          json_string_value(json_array_get(urls, i)));
	cli_field("expires", "%s", cli_age(answer->expires_at, ls_wall_s(), age));
}

static int finish(const struct cli_args *args, struct session *session,
                  const struct register_url_answer *answer, struct ls_fail *fail)
{
	bool wanted = cli_given(args, "approve");
	json_t *urls = approval_urls(args, session, answer);
	struct ls_fail print_fail = {0};
	int r = 0, printed = 0;

	if (!urls)
		return ls_fail_set(fail, -ENOMEM, "cannot print the approval URL");
	if (wanted)
		r = approve_now(session, answer, fail);
	/* If approval failed, the node is still registered, and the user needs the URL. */
	if (cli_given(args, "json"))
		printed = print_json(session, answer, wanted && r == 0, urls, &print_fail);
	else
		print_text(session, answer, wanted && r == 0, urls);
	json_decref(urls);
	if (r == 0 && printed < 0)
		r = ls_fail_set(fail, printed, "%s", print_fail.text);
	return r;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct enrolment enrolment LS_CLEANUP(node_enrol_done) = {.lock_fd = -1};
	struct register_url_answer answer = {0};
	int r = check_usage(args, fail);

	if (r == 0)
		r = session_open(args, &session, fail);
	if (r == 0)
		r = node_enrol_begin(args, &session, &enrolment, fail);
	if (r == 0)
		r = enrol(args, &enrolment, &answer, fail);
	return r != 0 ? r : finish(args, &session, &answer, fail);
}

static const struct cli_option options[] = {
        ENROL_OPTIONS,
        {
                .name = "ttl-seconds",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "how long the approval URL works",
                .default_value = "600",
                .min = 1,
                .max = LIMIT_APPROVAL_TTL_SECONDS,
        },
        {
                .name = "admin-url",
                .kind = CLI_PAGE_URL,
                .placeholder = "URL",
                .help = "print the URL of this admin console, where approving needs a login",
        },
        {
                .name = "admin-auto-approve",
                .kind = CLI_FLAG,
                .help = "with --admin-url: the login alone approves",
        },
        {
                .name = "approve",
                .kind = CLI_FLAG,
                .help = "approve at once and wait for it, 10 s at most",
        },
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_register_url = {
        .path = "register-url",
        .summary = "Register this machine and print the URL that approves it",
        .description =
                "Whoever opens the URL approves the node. --approve approves it at once, with\n"
                "the admin token if one is given.",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = options,
        .run = run,
};
