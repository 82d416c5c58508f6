/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/routes.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/frame/output.h"
#include "wire/ip.h"

void cli_routes_note(const struct cli_args *args, const char *option)
{
	size_t count;
	LS_FREE const char **values = cli_list(args, option, &count);

	for (size_t i = 0; i < count; i++) {
		struct ls_prefix prefix;
		char text[LS_PREFIX_TEXT];

		if (ls_prefix_parse(values[i], &prefix) == LS_ERROR_BAD_VALUE &&
		    ls_prefix_parse_network(values[i], &prefix) == 0)
			cli_note("--%s %s is announced as %s", option, values[i],
			         ls_prefix_format(&prefix, text));
	}
}
