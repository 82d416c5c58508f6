/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/hosts_names.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply/hosts_file.h"
#include "base/cleanup.h"
#include "base/mem.h"

enum {
	HOST_NAME_TEXT = 256, /* HOST_NAME_MAX is 64 on Linux, 255 elsewhere */
};

static const char blanks[] = " \t\r";

/* Cuts the text into its names: replaces all else by NUL, so that each name is a string of its own.
 * Returns their number. */
static size_t cut(char *text)
{
	size_t count = 0;

	for (char *line = text; *line;) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;
		size_t len = (size_t)(end - line);
		size_t words = 0;

		*end = '\0';
		end = line + strcspn(line, "#");
		memset(end, 0, len - (size_t)(end - line));
		for (char *p = line; p < end;) {
			size_t blank = strspn(p, blanks), word = strcspn(p + blank, blanks);

			memset(p, 0, blank);
			p += blank;
			if (word > 0 && words++ == 0)
				memset(p, 0, word); /* the address */
			else
				count += word > 0;
			p += word;
		}
		line = next;
	}
	return count;
}

int apply_hosts_names_parse(const char *text, struct apply_hosts_names *ret)
{
	struct apply_hosts_names names = {0};
	const char **items;
	size_t count;

	ls_buf_puts(&names.text, text);
	if (!ls_buf_text(&names.text))
		return -ENOMEM;
	if (names.text.len == 0) {
		*ret = names;
		return 0;
	}
	for (size_t i = 0; i < names.text.len; i++)
		names.text.data[i] = (char)tolower((unsigned char)names.text.data[i]);
	count = cut(names.text.data);
	names.list.items = items = ls_try_array(count, sizeof(*items));
	if (!items) {
		apply_hosts_names_done(&names);
		return -ENOMEM;
	}
	for (size_t i = 0; names.list.count < count; i += strlen(&names.text.data[i]) + 1) {
		if (names.text.data[i])
			items[names.list.count++] = &names.text.data[i];
	}
	*ret = names;
	return 0;
}

int apply_hosts_names_read(const char *path, const char *profile, struct apply_hosts_names *ret)
{
	struct ls_buf rest LS_CLEANUP(ls_buf_done) = {0};
	LS_FREE char *text = NULL;
	char own[HOST_NAME_TEXT] = "";
	struct ls_fail fail;

	(void)gethostname(own, sizeof(own) - 1);
	if (apply_hosts_file_read(path, &text, &fail) < 0 || !text ||
	    apply_hosts_file_render(text, profile, NULL, &rest, &fail) < 0) {
		/* A block that cannot be taken out is not written either. */
		ls_buf_reset(&rest);
		ls_buf_puts(&rest, text ? text : "");
	}
	ls_buf_printf(&rest, "\n- %s %.*s\n", own, (int)strcspn(own, "."), own);
	if (!ls_buf_text(&rest))
		return -ENOMEM;
	return apply_hosts_names_parse(ls_buf_text(&rest), ret);
}

void apply_hosts_names_done(struct apply_hosts_names *names)
{
	free((void *)(uintptr_t)names->list.items);
	ls_buf_done(&names->text);
	*names = (struct apply_hosts_names){0};
}
