/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/frame/output.h"
#include "cli/frame/table.h"

static void test_ages(void **state)
{
	static const struct {
		int64_t t;
		const char *text;
	} rows[] = {
	        {0, "never"},        {1000000, "now"},
	        {999988, "12s ago"}, {999881, "119s ago"},
	        {999880, "2m ago"},  {992801, "119m ago"},
	        {992800, "2h ago"},  {1000000 - 172800, "2d ago"},
	        {1000030, "in 30s"}, {1003600, "in 60m"},
	        {1, "11d ago"},
	};
	char buf[CLI_AGE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(cli_age(rows[i].t, 1000000, buf), rows[i].text);
	assert_string_equal(cli_age(INT64_MAX, 0, buf), "in 106751991167300d");
	assert_string_equal(cli_ago(1000003, 1000000, buf), "now");
	assert_string_equal(cli_ago(999997, 1000000, buf), "3s ago");
	assert_string_equal(cli_ago(0, 1000000, buf), "never");
}

static void test_durations_and_sizes(void **state)
{
	char buf[CLI_AGE_TEXT];

	(void)state;
	assert_string_equal(cli_duration(1, buf), "1 second");
	assert_string_equal(cli_duration(90, buf), "90 seconds");
	assert_string_equal(cli_duration(7200, buf), "2 hours");
	assert_string_equal(cli_duration(86400, buf), "1 day");
	assert_string_equal(cli_size(0, buf), "0 B");
	assert_string_equal(cli_size(1023, buf), "1023 B");
	assert_string_equal(cli_size(1536, buf), "1.5 KiB");
	assert_string_equal(cli_size(UINT64_MAX, buf), "16.0 EiB");
}

static void test_table(void **state)
{
	static const char *const headers[] = {"NAME", ">SIZE", "NOTE", NULL};
	struct cli_table *table = cli_table_new(headers);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	cli_table_print(table, out, "nothing");
	cli_table_cell(table, "a");
	cli_table_cellf(table, "%d", 100000);
	cli_table_cell(table, NULL);
	cli_table_cell(table, "\xc3\xa9t\xc3\xa9-longer");
	cli_table_cell(table, "7");
	cli_table_cell(table, "bad\033[2J");
	cli_table_print(table, out, "nothing");
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "nothing\n"
	                          "NAME          SIZE  NOTE\n"
	                          "a           100000  -\n"
	                          "\xc3\xa9t\xc3\xa9-longer       7  bad?[2J\n");
	free(text);
	cli_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ages),
	        cmocka_unit_test(test_durations_and_sizes),
	        cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
