/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of several commands share. */
#ifndef LS_CLI_FRAME_OPTIONS_H
#define LS_CLI_FRAME_OPTIONS_H

#include "cli/frame/command.h"

/* A function of the data plane's in a table: without it nothing of it is compiled or linked, and
 * `need` keeps the NULL from being called. */
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
