/* SPDX-License-Identifier: Apache-2.0 */
#include "server/import/draft.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/utf8.h"

enum {
	LINE = 512
};

static void report(const struct import_draft *draft, const char *kind, const char *fmt,
                   va_list args) __attribute__((format(printf, 3, 0)));

static void report(const struct import_draft *draft, const char *kind, const char *fmt,
                   va_list args)
{
	char line[LINE];

	(void)vsnprintf(line, sizeof(line), fmt, args);
	ls_str_mask_control(line);
	(void)fprintf(draft->report, "%s: %s\n", kind, line);
}

void import_note(struct import_draft *draft, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(draft, "note", fmt, args);
	va_end(args);
	draft->notes++;
}

void import_problem(struct import_draft *draft, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(draft, "problem", fmt, args);
	va_end(args);
	draft->problems++;
}

void *import_alloc(struct import_draft *draft, size_t n, size_t size)
{
	void *memory = ls_arena_alloc(draft->arena, n > 0 ? n : 1, size);

	draft->no_memory |= !memory;
	return memory;
}

void import_add(struct import_draft *draft, const struct store_op *op)
{
	void *array = draft->ops;

	if (ls_try_grow(&array, &draft->room, draft->count + 1, sizeof(*op)) < 0) {
		draft->no_memory = true;
		return;
	}
	draft->ops = array;
	draft->ops[draft->count++] = *op;
}

void import_draft_done(struct import_draft *draft)
{
	free(draft->ops);
}
