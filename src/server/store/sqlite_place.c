/* SPDX-License-Identifier: Apache-2.0 */
/* The id of an audit entry holds the entry's place in the log: a UUID of version 8 (RFC 9562, 5.8),
 * whose first 48 bits are the place. So whoever reads the log page by page can go on from an entry
 * that was deleted meanwhile. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/sqlite_parts.h"

static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

enum {
	PLACE_HIGH = 8, /* hex digits before the first dash */
	PLACE_LOW = 4,  /* and behind it */
	VERSION_AT = PLACE_HIGH + 1 + PLACE_LOW + 1,
};

static bool is_uuid(const char *id)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	if (strlen(id) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == '-' ? id[i] != '-' : !strchr(digits, id[i]))
			return false;
	}
	return true;
}

void store_sqlite_place_put(const char *id, int64_t place, char ret[static SQLITE_PLACE_TEXT])
{
	(void)snprintf(ret, SQLITE_PLACE_TEXT, "%s", id);
	if (!is_uuid(id) || place < 0 || place >= INT64_C(1) << 48)
		return;
	(void)snprintf(ret, SQLITE_PLACE_TEXT, "%08" PRIx64 "-%04" PRIx64 "-8%s",
	               (uint64_t)place >> 16, (uint64_t)place & 0xffff, id + VERSION_AT + 1);
}

bool store_sqlite_place_get(const char *id, int64_t *ret)
{
	char digits[PLACE_HIGH + PLACE_LOW + 1] = {0};

	if (!is_uuid(id) || id[VERSION_AT] != '8')
		return false;
	memcpy(digits, id, PLACE_HIGH);
	memcpy(digits + PLACE_HIGH, id + PLACE_HIGH + 1, PLACE_LOW);
	*ret = (int64_t)strtoull(digits, NULL, 16);
	return true;
}
