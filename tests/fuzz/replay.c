/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target on every file of the folders named on the command line, for builds without a
 * fuzzing engine. An empty corpus is a failure, because nothing would be tested. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "tests/fuzz/fuzz.h"

enum {
	INPUT_MAX = 1 << 20
};

static int replay_file(const char *path)
{
	LS_FREE char *data = NULL;
	LS_FREE uint8_t *exact = NULL;
	struct ls_fail fail;
	size_t len;

	if (ls_file_read(path, INPUT_MAX, &data, &len, &fail) < 0) {
		(void)fprintf(stderr, "%s\n", fail.text);
		return -1;
	}
	/* A copy of the exact size, so that the address sanitizer sees one byte too far. */
	exact = malloc(len ? len : 1);
	if (!exact)
		return -1;
	memcpy(exact, data, len);
	return LLVMFuzzerTestOneInput(exact, len);
}

static int replay_folder(const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);
	int done = 0, failed = 0;

	for (int i = 0; i < n; i++) {
		char file[4096];

		(void)snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.') {
			done++;
			failed += replay_file(file) != 0;
		}
		free(names[i]);
	}
	free(names);
	(void)printf("%s: %d inputs, %d failed\n", path, done, failed);
	return done == 0 || failed > 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++)
		failed |= replay_folder(argv[i]) < 0;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
