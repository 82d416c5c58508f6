/* SPDX-License-Identifier: Apache-2.0 */
/* Skips a test that this host cannot run, and writes to the program's log what the host lacks.
 * Include cmocka first. */
#ifndef LS_TESTS_SKIP_H
#define LS_TESTS_SKIP_H

#define skip_without(what)                                                                         \
	do {                                                                                       \
		print_error("# %s: skipped without %s\n", __func__, what);                         \
		skip();                                                                            \
	} while (0)

#endif
