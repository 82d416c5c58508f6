/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/last_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	FILE_MODE = 0600,
	DIRECTORY_MODE = 0700,
};

/* "<directory of state.json>/control-url" */
static char *file_path(const char *state_path)
{
	static const char name[] = "control-url";
	const char *slash = strrchr(state_path, '/');
	size_t dir = slash ? (size_t)(slash - state_path) + 1 : 0;
	char *path = ls_new_bytes(dir + sizeof(name));

	memcpy(path, state_path, dir);
	memcpy(path + dir, name, sizeof(name));
	return path;
}

static size_t find(const struct control_url_list *urls, const char *text)
{
	size_t i = 0;

	while (i < urls->count && !ls_streq(urls->items[i].text, text))
		i++;
	return i;
}

void session_last_server_load(const char *state_path, struct control_url_list *urls)
{
	LS_FREE char *path = file_path(state_path);
	LS_FREE char *text = NULL;
	struct ls_fail fail;
	size_t len, i;

	if (urls->count < 2 || ls_file_read(path, CONTROL_URL_TEXT, &text, &len, &fail) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	i = find(urls, text);
	if (i < urls->count)
		urls->first = i;
}

static int store(const char *path, const struct control_url *url, struct ls_fail *fail)
{
	char text[CONTROL_URL_TEXT + 1];
	int n = snprintf(text, sizeof(text), "%s\n", url->text);
	int r = ls_file_make_parent(path, DIRECTORY_MODE, fail);

	return r < 0 ? r : ls_file_replace(path, text, (size_t)n, FILE_MODE, fail);
}

void session_last_server_save(const char *state_path, struct control_url_list *urls,
                              const struct control_url *current)
{
	LS_FREE char *path = NULL;
	size_t i = find(urls, current->text);
	struct ls_fail fail;
	int r = 0;

	if (i == urls->count || i == urls->first)
		return;
	urls->first = i;
	path = file_path(state_path);
	if (i > 0)
		r = store(path, current, &fail);
	else if (unlink(path) < 0 && errno != ENOENT)
		r = ls_fail_set(&fail, -errno, "cannot remove %s: %s", path, strerror(errno));
	if (r < 0)
		ls_debug("control.last", "error=\"%s\"", fail.text);
}
