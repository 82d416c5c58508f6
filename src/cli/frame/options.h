/* SPDX-License-Identifier: Apache-2.0 */
/* Options and arguments that several commands have. */
#ifndef LS_CLI_FRAME_OPTIONS_H
#define LS_CLI_FRAME_OPTIONS_H

#include "cli/frame/command.h"

/* A data-plane function in a table. In a build without the data plane it is NULL, so that nothing
 * of the data plane is compiled or linked; the `need` check keeps the NULL from being called. */
#if LS_WITH_DATA_PLANE
#define CLI_DATA_PLANE(function) (function)
#else
#define CLI_DATA_PLANE(function) NULL
#endif

#define CLI_OPTION_JSON                                                                            \
	{                                                                                          \
		.name = "json", .kind = CLI_FLAG, .help = "print one JSON document"                \
	}
#define CLI_NETWORK_POSITIONAL                                                                     \
	{                                                                                          \
		.name = "NETWORK", .help = "the network's id"                                      \
	}
#define CLI_NODE_POSITIONAL                                                                        \
	{                                                                                          \
		.name = "NODE", .help = "the node's id"                                            \
	}

#endif
