/* SPDX-License-Identifier: Apache-2.0 */
/* The approval link of a request to join. Programs, such as curl, approve by opening it. People see
 * a page that says who asks, and decide with a button.
 *
 * The page's form needs no protection against forged requests from other sites: the browser adds no
 * credential by itself. What counts is in the form: the secret of the link, and where an admin
 * decides, the admin token, which is typed in anew each time. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "proto/node_admin.h"
#include "proto/registration.h"
#include "server/api/auth.h"
#include "server/api/change.h"
#include "server/api/endpoints.h"
#include "server/api/page.h"

enum {
	UTC_TEXT = 32,
};

/* Why the page shows the form again. */
struct retry {
	const char *text; /* NULL: it is shown for the first time */
	const char *base; /* what leads from the URL of this answer to that of the link's folder */
};

static const char *utc(int64_t at, char ret[static UTC_TEXT])
{
	time_t seconds = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(ret, UTC_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(ret, UTC_TEXT, "%" PRId64, at);
	return ret;
}

static void put_row(struct ls_buf *html, const char *term, const char *text)
{
	ls_buf_printf(html, "<dt>%s</dt><dd><bdi>", term);
	api_page_text(html, text);
	ls_buf_puts(html, "</bdi></dd>\n");
}

static void put_request(struct ls_buf *html, const struct node *node)
{
	const struct node_record *record = node->record;
	bool known = record->requested_from.family != LS_FAMILY_NONE;
	char from[LS_IP_TEXT], at[UTC_TEXT], key[LS_KEY_SHORT_TEXT];

	ls_buf_puts(html, "<dl>\n");
	put_row(html, "Machine", record->info.peer.name);
	put_row(html, "Network", node->network->record->info.name);
	put_row(html, "Asked from",
	        known ? ls_ip_format(&record->requested_from, from) : "unknown");
	put_row(html, "Asked at", utc(record->created_at, at));
	put_row(html, "Waits until", utc(record->approval_expires_at, at));
	put_row(html, "Machine key", key_short(record->info.machine_public_key.b, key));
	ls_buf_puts(html, "</dl>\n");
}

/* The action is relative, so that it also fits behind a proxy that serves the API below a path. */
static void put_form(struct ls_buf *html, const struct node *node, const char *secret,
                     const char *base)
{
	ls_buf_printf(html, "<form method=\"post\" action=\"%s", base);
	api_page_text(html, node->id);
	ls_buf_puts(html,
	            "\" autocomplete=\"off\">\n<input type=\"hidden\" name=\"secret\" value=\"");
	api_page_text(html, secret);
	ls_buf_puts(html, "\">\n");
	if (!state_link_approves(node->network)) {
		ls_buf_puts(html,
		            "<p>In this network an admin approves machines: enter the admin token "
		            "here, or run <code>lightscale-client admin approve ");
		api_page_text(html, node->id);
		ls_buf_puts(html,
		            "</code>.</p>\n<label for=\"admin-token\">Admin token</label>\n"
		            "<input type=\"password\" id=\"admin-token\" name=\"admin_token\" "
		            "required>\n");
	}
	ls_buf_puts(html, "<div class=\"choice\">"
	                  "<button name=\"action\" value=\"approve\">Approve</button>\n"
	                  "<button name=\"action\" value=\"reject\" formnovalidate>Reject</button>"
	                  "</div>\n</form>\n");
}

static int show_request(struct call *call, const struct node *node, const char *secret,
                        struct retry retry, struct ls_fail *fail)
{
	struct ls_buf html = {0};

	api_page_begin(&html, "Approve this machine?");
	if (retry.text) {
		ls_buf_puts(&html, "<p class=\"wrong\" role=\"alert\">");
		api_page_text(&html, retry.text);
		ls_buf_puts(&html, "</p>\n");
	}
	ls_buf_puts(&html,
	            "<p>A machine asks to join a network. Approve it only if you know it: it can "
	            "then reach the other machines of the network. On the machine, "
	            "<code>register-url</code> has printed the same key.</p>\n");
	put_request(&html, node);
	put_form(&html, node, secret, retry.base);
	return api_page_end(call, &html, fail);
}

static int show_approved(struct call *call, const struct node *node, struct ls_fail *fail)
{
	struct ls_buf html = {0};

	api_page_begin(&html, "The machine is approved");
	ls_buf_puts(&html, "<p><bdi>");
	api_page_text(&html, node->record->info.peer.name);
	ls_buf_puts(&html, "</bdi> is in the network <bdi>");
	api_page_text(&html, node->network->record->info.name);
	ls_buf_puts(&html, "</bdi>. You can close this page.</p>\n");
	return api_page_end(call, &html, fail);
}

static int approved(struct call *call, const struct state_outcome *outcome, struct ls_fail *fail)
{
	const struct node_record *record = outcome->node->record;
	const struct approval_answer answer = {.node_id = outcome->node->id,
	                                       .approved = record->info.approved,
	                                       .approved_at = record->approved_at};

	if (call->page)
		return show_approved(call, outcome->node, fail);
	return api_call_answer(call, proto_approval_answer_encode(&answer), fail);
}

static int begin_approval(struct call *call, struct ls_fail *fail)
{
	int r = state_approve_by_link(call->server->state, call->node, &call->origin,
	                              api_change_then(call, approved), fail);

	return api_change_begun(call, r, fail);
}

/* Where the link alone does not approve, the request must have the admin token, too. */
static int authorise(struct call *call, struct ls_fail *fail)
{
	if (call->node->record->info.approved || state_link_approves(call->node->network))
		return 0;
	if (!call->token)
		return ls_fail_set(fail, LS_ERROR_AUTH,
		                   "in this network an admin approves nodes: send the admin token "
		                   "in the header Authorization: Bearer <token>");
	return api_auth_admin(call, fail);
}

int api_approve_by_secret(struct call *call, struct ls_fail *fail)
{
	const char *secret = call->params[1];
	int r = state_link_check(call->node, secret, call->origin.now, fail);

	if (r < 0)
		return api_auth_note(call, r, fail);
	if (call->page && call->node->record->info.approved)
		return show_approved(call, call->node, fail);
	if (call->page)
		return show_request(call, call->node, secret, (struct retry){.base = "../"}, fail);
	r = authorise(call, fail);
	return r < 0 ? r : begin_approval(call, fail);
}

static int rejected(struct call *call, const struct state_outcome *outcome, struct ls_fail *fail)
{
	const struct node_removal removal = {.node_id = call->params[0]};

	(void)outcome;
	if (call->page)
		return api_page_message(call, "The request is rejected",
		                        "the machine cannot join with this request any more", fail);
	return api_call_answer(call, proto_node_removal_encode(&removal), fail);
}

/* Takes the admin token of the form, if there is one. */
static void take_admin_token(struct call *call)
{
	const char *token = api_call_field(call, "admin_token");

	if (!token || *token == '\0')
		return;
	key_free_string(call->token);
	call->token = ls_strdup(token);
}

int api_approve_by_form(struct call *call, struct ls_fail *fail)
{
	const char *secret = api_call_field(call, "secret");
	const char *action = api_call_field(call, "action");
	int r;

	if (!secret || !action || !(ls_streq(action, "approve") || ls_streq(action, "reject")))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "body: secret, or an action (approve, reject), is missing");
	r = state_link_check(call->node, secret, call->origin.now, fail);
	if (r < 0)
		return api_auth_note(call, r, fail);
	if (ls_streq(action, "reject")) {
		r = state_reject_by_link(call->server->state, call->node, &call->origin,
		                         api_change_then(call, rejected), fail);
		return api_change_begun(call, r, fail);
	}
	take_admin_token(call);
	r = authorise(call, fail);
	if (r == 0)
		return begin_approval(call, fail);
	if (!call->page)
		return r;
	if (call->status != HTTP_STATUS_TOO_MANY) {
		call->status = HTTP_STATUS_UNAUTHORISED;
		api_call_header(call, "WWW-Authenticate", "Bearer");
		(void)ls_fail_set(fail, r, "%s",
		                  call->token ? "That is not the admin token."
		                              : "Enter the admin token.");
	}
	return show_request(call, call->node, secret,
	                    (struct retry){.text = fail->text, .base = ""}, fail);
}

int api_approve(struct call *call, struct ls_fail *fail)
{
	int r = state_approve(call->server->state, call->node, &call->origin,
	                      api_change_then(call, approved), fail);

	return api_change_begun(call, r, fail);
}
