/* SPDX-License-Identifier: Apache-2.0 */
/* What all answers of this server have in common: Cache-Control, and errors in JSON. */
#ifndef LS_SERVER_API_REPLY_H
#define LS_SERVER_API_REPLY_H

#include "server/http/request.h"

enum {
	REPLY_FIELDS_MAX = 8
};

/* Of answers with 503, in seconds. */
#define REPLY_RETRY_AFTER "5"

/* Answers. Adds "Cache-Control: no-store" unless the fields, at most REPLY_FIELDS_MAX - 1, have a
 * Cache-Control. */
void api_reply(struct httpd_request *request, struct httpd_answer answer);
/* Answers with an error: the status and fields of `answer`, and `text` in a JSON body. */
void api_reply_error(struct httpd_request *request, struct httpd_answer answer, const char *text);
/* Answers a fault of the front (handler.h). */
void api_reply_fault(struct httpd_request *request, enum http_status status, const char *text);

#endif
