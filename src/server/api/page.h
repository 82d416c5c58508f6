/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that people read in a browser: HTML without scripts or anything from elsewhere. Nothing
 * may keep a page, embed it, or learn its URL from a link in it. */
#ifndef LS_SERVER_API_PAGE_H
#define LS_SERVER_API_PAGE_H

#include "base/str.h"
#include "server/api/call.h"

/* Begins a page: its title and heading, literals, with nothing of the request in them. */
void api_page_begin(struct ls_buf *html, const char *title);
/* Appends a text, escaped: it cannot become markup. */
void api_page_text(struct ls_buf *html, const char *text);
/* Makes the page the call's answer, and releases the buffer. -ENOMEM. */
int api_page_end(struct call *call, struct ls_buf *html, struct ls_fail *fail) LS_MUST_CHECK;
/* Answers with a page that holds one sentence. */
int api_page_message(struct call *call, const char *title, const char *text,
                     struct ls_fail *fail) LS_MUST_CHECK;
/* A page for a failure, which says so in `text`. */
int api_page_failure(struct call *call, const char *text, struct ls_fail *fail) LS_MUST_CHECK;

#endif
