/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/keys.h"

/* RFC 7748 section 6.1, Alice. */
static void test_public_key_of_rfc7748(void **state)
{
	struct wg_private_key key;
	struct wg_public_key public;
	char buf[LS_KEY_TEXT];

	(void)state;
	assert_int_equal(key_decode("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", key.b), 0);
	key_wg_public(&key, &public);
	assert_string_equal(key_encode(public.b, buf),
	                    "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
}

static void test_decode_is_strict(void **state)
{
	static const char *const bad[] = {
	        "",
	        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",
	        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo==",
	        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTm==",
	        "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",
	        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmp=",
	        " SDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
	};
	uint8_t key[LS_KEY_LEN] = {42};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(key_decode(bad[i], key), LS_ERROR_SYNTAX);
	assert_int_equal(key[0], 42);
}

/* That nothing leaks is seen by the build with sanitizers. */
static void test_secret_strings_end_with_their_scope(void **state)
{
	KEY_FREE_STRING char *secret = ls_strdup("secret");
	KEY_FREE_STRING char *none = NULL;

	(void)state;
	assert_string_equal(secret, "secret");
	key_free_string(none);
	key_free_string(ls_strdup(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_public_key_of_rfc7748),
	        cmocka_unit_test(test_decode_is_strict),
	        cmocka_unit_test(test_secret_strings_end_with_their_scope),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
