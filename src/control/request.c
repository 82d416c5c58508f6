/* SPDX-License-Identifier: Apache-2.0 */
#include "control/request.h"

struct control_request control_request_to(enum proto_endpoint endpoint, const char *path)
{
	const struct proto_endpoint_row *row = proto_endpoint_row(endpoint);

	return (struct control_request){.method = row->method,
	                                .path = path ? path : row->pattern,
	                                .label = row->label,
	                                .once = row->once,
	                                .ask_all = row->auth != PROTO_AUTH_ADMIN,
	                                .answer = row->answer};
}
