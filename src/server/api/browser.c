/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/browser.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "http/accept.h"

/* Parts of the User-Agent of programs that fetch the links in messages to show a preview, or to
 * look for harm. Most of them accept any type, as curl does. */
static const char *const previewers[] = {
        "applebot",
        "bingbot",
        "bingpreview",
        "bitlybot",
        "bluesky",
        "cardyb",
        "discordbot",
        "embedly",
        "facebookbot",
        "facebookcatalog",
        "facebookexternalhit",
        "flipboardproxy",
        "friendica",
        "google-pagerenderer",
        "google-safety",
        "googlebot",
        "googleimageproxy",
        "iframely",
        "line-poker",
        "linkedinbot",
        "mastodon",
        "mattermost",
        "meta-externalagent",
        "meta-externalfetcher",
        "misskey",
        "nextcloud",
        "pinterest",
        "pleroma",
        "qwantify",
        "redditbot",
        "rocket.chat",
        "skypeuripreview",
        "slack-imgproxy",
        "slackbot",
        "snapchat",
        "synapse",
        "teamsbot",
        "telegrambot",
        "tumblr",
        "twitterbot",
        "viber",
        "vkshare",
        "whatsapp",
        "yandexbot",
        "zulip",
};

static bool is_previewer(const char *agent)
{
	for (size_t i = 0; i < sizeof(previewers) / sizeof(previewers[0]); i++) {
		if (strcasestr(agent, previewers[i]))
			return true;
	}
	return false;
}

/* "prefetch", "prefetch;prerender", "preview". */
static bool is_prefetch(const char *purpose)
{
	return strcasestr(purpose, "prefetch") || strcasestr(purpose, "preview") ||
	       strcasestr(purpose, "prerender");
}

static bool wants_page(const struct http_head *head)
{
	unsigned html = 0, json = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		const char *value = head->fields[i].value;
		unsigned found;

		if (strcasecmp(head->fields[i].name, "Accept") != 0)
			continue;
		found = http_accept_quality(value, "text/html");
		html = found > html ? found : html;
		found = http_accept_quality(value, "application/xhtml+xml");
		html = found > html ? found : html;
		found = http_accept_quality(value, "application/json");
		json = found > json ? found : json;
	}
	return html > 0 && html >= json;
}

/* A browser says in Sec-Fetch-Dest what it fetches something for (Fetch Metadata Request Headers).
 * "empty" is a script's fetch(): a program of somebody's own, which an API client may be. */
static bool is_shown(const char *dest)
{
	return strcasecmp(dest, "empty") != 0;
}

static bool has(const struct http_head *head, const char *name, bool (*test)(const char *value))
{
	const char *value = http_head_field(head, name);

	return value && test(value);
}

bool api_browser_asks(const struct http_head *head)
{
	return wants_page(head) || has(head, "Sec-Fetch-Dest", is_shown) ||
	       has(head, "Sec-Purpose", is_prefetch) || has(head, "Purpose", is_prefetch) ||
	       has(head, "X-Purpose", is_prefetch) || has(head, "X-Moz", is_prefetch) ||
	       has(head, "User-Agent", is_previewer);
}
