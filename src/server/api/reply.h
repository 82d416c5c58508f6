/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as all of this server's are: not to be stored unless they say otherwise, errors in JSON.
 */
#ifndef LS_SERVER_API_REPLY_H
#define LS_SERVER_API_REPLY_H

#include "server/http/request.h"

enum {
	REPLY_FIELDS_MAX = 8
};

/* Adds Cache-Control to at most REPLY_FIELDS_MAX - 1 fields that do not have it. */
void api_reply(struct httpd_request *request, struct httpd_answer answer);
/* With the status and the fields of `answer`. */
void api_reply_error(struct httpd_request *request, struct httpd_answer answer, const char *text);

#endif
