/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/page.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
	STYLE_HASH_TEXT =
	        sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL),
};

static const char style[] =
        ":root{color-scheme:light dark}"
        "body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:#f4f5f7;color:#1b1e23}"
        "main{box-sizing:border-box;max-width:34rem;margin:0 auto;padding:1.5rem 1rem}"
        "h1{font-size:1.4rem;line-height:1.25;margin:0 0 1rem}"
        "dl{margin:1rem 0;padding:.2rem 1rem;border:1px solid #c5cad3;border-radius:.5rem;"
        "background:#fff}"
        "dt{margin-top:.6rem;font-size:.85rem;color:#505866}"
        "dd{margin:0 0 .6rem;overflow-wrap:anywhere}"
        "code{font:.95em ui-monospace,monospace;overflow-wrap:anywhere}"
        "label{display:block;margin-bottom:.25rem;font-weight:600}"
        "input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;margin-bottom:1rem;"
        "border:1px solid #767e8c;border-radius:.4rem;background:#fff;color:inherit}"
        ".choice{display:flex;flex-wrap:wrap;gap:.75rem}"
        "button{flex:1 1 8rem;min-height:2.75rem;font:inherit;font-weight:600;border-radius:.4rem;"
        "border:1px solid #17663a;background:#17663a;color:#fff}"
        "button[value=reject]{border-color:#9b1c1c;background:#fff;color:#9b1c1c}"
        ".wrong{color:#9b1c1c;font-weight:600}"
        "@media (prefers-color-scheme:dark){"
        "body{background:#16181c;color:#e8eaee}"
        "dl,input{background:#20242a;border-color:#5d6674}"
        "dt{color:#a9b1be}"
        "button{background:#2a8f57;border-color:#2a8f57;color:#04120a}"
        "button[value=reject]{background:#20242a;border-color:#ff9b9b;color:#ff9b9b}"
        ".wrong{color:#ff9b9b}}";

void api_page_begin(struct ls_buf *html, const char *title)
{
	ls_buf_printf(html,
	              "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	              "<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n<style>",
	              title);
	ls_buf_puts(html, style);
	ls_buf_printf(html, "</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n", title);
}

void api_page_text(struct ls_buf *html, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("&<>\"'", *text))
			ls_buf_printf(html, "&#%d;", *text);
		else
			ls_buf_add(html, text, 1);
	}
}

/* Only this style may be used, nothing may be loaded, no page may embed this one, and forms may
 * only go to this server. */
static void add_headers(struct call *call)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[STYLE_HASH_TEXT], policy[256];

	(void)crypto_hash_sha256(hash, (const unsigned char *)style, strlen(style));
	(void)sodium_bin2base64(text, sizeof(text), hash, sizeof(hash),
	                        sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(policy, sizeof(policy),
	               "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; "
	               "base-uri 'none'; frame-ancestors 'none'",
	               text);
	api_call_header(call, "Content-Security-Policy", policy);
	api_call_header(call, "Referrer-Policy", "no-referrer");
	api_call_header(call, "X-Content-Type-Options", "nosniff");
}

int api_page_end(struct call *call, struct ls_buf *html, struct ls_fail *fail)
{
	const char *text;
	int r;

	ls_buf_puts(html, "</main>\n</body>\n</html>\n");
	text = ls_buf_text(html);
	r = text ? evbuffer_add(api_call_out(call), text, html->len) : -1;
	/* It may hold the secret of an approval link. */
	if (html->data)
		sodium_memzero(html->data, html->cap);
	ls_buf_done(html);
	if (r != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	call->type = "text/html; charset=utf-8";
	add_headers(call);
	return 0;
}

int api_page_message(struct call *call, const char *title, const char *text, struct ls_fail *fail)
{
	struct ls_buf html = {0};

	api_page_begin(&html, title);
	/* Failures are written for one line of a terminal: without a capital and a full stop. */
	ls_buf_puts(&html, "<p>");
	if (*text >= 'a' && *text <= 'z')
		ls_buf_printf(&html, "%c", *text++ - 'a' + 'A');
	api_page_text(&html, text);
	ls_buf_puts(&html, ".</p>\n");
	return api_page_end(call, &html, fail);
}

int api_page_failure(struct call *call, const char *text, struct ls_fail *fail)
{
	return api_page_message(call, "This did not work", text, fail);
}
