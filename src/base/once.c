/* SPDX-License-Identifier: Apache-2.0 */
#include "base/once.h"

#include <stddef.h>

bool ls_once_news(struct ls_once *once, int64_t what)
{
	bool news = what != 0 && once->said != (uint64_t)what;

	once->said = (uint64_t)what;
	return news;
}

/* FNV-1a. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

bool ls_once_news_text(struct ls_once *once, const char *text)
{
	return ls_once_news(once, text && *text != '\0' ? (int64_t)(hash(text) | 1) : 0);
}
