/* SPDX-License-Identifier: Apache-2.0 */
/* Control URLs, and the proxy that an environment names for them. The lines of the input are a list
 * of URLs, the proxy, and no_proxy. A URL that was accepted reads back the same, a list that was
 * refused leaves its target as it was, and no failure shows a password. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "control/proxy.h"
#include "tests/fuzz/fuzz.h"

enum {
	LINE_URLS,
	LINE_PROXY,
	LINE_NONE,
	LINES,
};

static const char secret[] = "Hunter2Hunter2", login[] = ":Hunter2Hunter2@";
static char *lines[LINES];

static char *lookup(const char *name)
{
	if (ls_streq(name, "all_proxy"))
		return lines[LINE_PROXY];
	return ls_streq(name, "no_proxy") ? lines[LINE_NONE] : NULL;
}

static void check_url(const struct control_url *url)
{
	struct control_url again;
	struct ls_fail fail;

	FUZZ_CHECK(control_url_parse(url->text, &again, &fail) == 0);
	FUZZ_CHECK(again.tls == url->tls && again.numeric == url->numeric &&
	           again.port == url->port && url->port != 0);
	FUZZ_CHECK(ls_streq(again.host, url->host) && url->host[0] != '\0');
	FUZZ_CHECK(ls_streq(again.base, url->base) && ls_streq(again.text, url->text));
	for (const char *p = url->text; *p; p++)
		FUZZ_CHECK(*p > ' ' && *p < 0x7f && *p != '"' && *p != '\\');
}

static void check_proxy(const struct control_url *url)
{
	struct proxy *proxy = NULL;
	struct ls_fail fail;

	if (control_proxy_find(url, lookup, &proxy, &fail) < 0) {
		FUZZ_CHECK(fail.code == LS_ERROR_SYNTAX && !strstr(fail.text, secret));
		return;
	}
	if (!proxy)
		return;
	check_url(&proxy->url);
	FUZZ_CHECK(!proxy->url.tls && !strstr(proxy->url.text, secret));
	for (const char *p = proxy->authorization; p && *p; p++)
		FUZZ_CHECK(*p >= ' ' && *p < 0x7f);
	control_proxy_free(proxy);
}

static void check_list(void)
{
	struct control_url_list list = {0};
	struct ls_fail fail;
	size_t count;

	if (control_url_list_add(&list, lines[LINE_URLS], &fail) < 0)
		FUZZ_CHECK(list.count == 0 && !strstr(fail.text, login));
	count = list.count;
	FUZZ_CHECK(count <= CONTROL_URLS_MAX);
	for (size_t i = 0; i < count; i++) {
		check_url(&list.items[i]);
		check_proxy(&list.items[i]);
		for (size_t k = 0; k < i; k++)
			FUZZ_CHECK(!ls_streq(list.items[i].text, list.items[k].text));
	}
	if (count > 0) {
		FUZZ_CHECK(control_url_list_add(&list, "http://a.example,nonsense", &fail) < 0);
		FUZZ_CHECK(list.count == count);
	}
	control_url_list_done(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	char *line = text;

	FUZZ_CHECK(text);
	if (size > 0)
		memcpy(text, data, size);
	for (size_t i = 0; i < LINES; i++) {
		char *end = line ? strchr(line, '\n') : NULL;

		lines[i] = line ? line : text + size;
		if (end)
			*end++ = '\0';
		line = end;
	}
	check_list();
	free(text);
	return 0;
}
