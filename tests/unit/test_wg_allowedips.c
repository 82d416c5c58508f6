/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "wg/allowedips.h"

enum {
	OWNERS = 7,
	PREFIXES = 600,
};

static struct chance chance = {7};

static struct ls_prefix prefix_of(const char *text)
{
	struct ls_prefix prefix;

	assert_int_equal(ls_prefix_parse(text, &prefix), 0);
	return prefix;
}

static void add(struct allowedips *table, const char *text, struct allowedips_owner *owner)
{
	struct ls_prefix prefix = prefix_of(text);

	assert_int_equal(wg_allowedips_reserve(table, 1), 0);
	wg_allowedips_add(table, &prefix, owner);
}

static struct allowedips_owner *find(const struct allowedips *table, const struct ls_ip *ip)
{
	return ip->family == LS_FAMILY_V4 ? wg_allowedips_find_v4(table, ip->b)
	                                  : wg_allowedips_find_v6(table, ip->b);
}

static struct allowedips_owner *find_text(const struct allowedips *table, const char *text)
{
	struct ls_ip ip;

	assert_int_equal(ls_ip_parse(text, &ip), 0);
	return find(table, &ip);
}

static size_t count(const struct allowedips *table, const struct allowedips_owner *owner)
{
	struct ls_prefix prefix;
	uint32_t cursor = 0;
	size_t n = 0;

	while (wg_allowedips_next(table, owner, &cursor, &prefix))
		n++;
	return n;
}

static void test_longest_prefix(void **state)
{
	struct allowedips table = {0};
	struct allowedips_owner a = {0}, b = {0}, c = {0}, d = {0};

	(void)state;
	assert_null(find_text(&table, "10.0.0.1"));
	add(&table, "0.0.0.0/0", &a);
	add(&table, "10.0.0.0/8", &b);
	add(&table, "10.1.0.0/16", &c);
	add(&table, "10.1.2.3/32", &d);
	add(&table, "::/0", &c);
	add(&table, "fd00::/8", &a);
	add(&table, "fd00::1/128", &b);
	add(&table, "fd00::/64", &d);
	assert_ptr_equal(find_text(&table, "192.0.2.1"), &a);
	assert_ptr_equal(find_text(&table, "10.200.0.1"), &b);
	assert_ptr_equal(find_text(&table, "10.1.2.4"), &c);
	assert_ptr_equal(find_text(&table, "10.1.2.3"), &d);
	assert_ptr_equal(find_text(&table, "2001:db8::1"), &c);
	assert_ptr_equal(find_text(&table, "fd01::1"), &a);
	assert_ptr_equal(find_text(&table, "fd00::1"), &b);
	assert_ptr_equal(find_text(&table, "fd00::2"), &d);
	/* A prefix has one owner: the last to get it. */
	add(&table, "10.1.0.0/16", &a);
	assert_ptr_equal(find_text(&table, "10.1.2.4"), &a);
	assert_int_equal(count(&table, &c), 1);
	assert_int_equal(count(&table, &a), 3);
	wg_allowedips_remove_all(&table, &a);
	assert_null(find_text(&table, "192.0.2.1"));
	assert_ptr_equal(find_text(&table, "10.1.2.4"), &b);
	assert_int_equal(a.first, 0);
	wg_allowedips_done(&table);
}

static void test_remove_is_exact(void **state)
{
	struct allowedips table = {0};
	struct allowedips_owner a = {0}, b = {0};
	struct ls_prefix wide = prefix_of("10.0.0.0/8"), narrow = prefix_of("10.0.0.0/16");

	(void)state;
	add(&table, "10.0.0.0/8", &a);
	wg_allowedips_remove(&table, &narrow, &a);
	wg_allowedips_remove(&table, &wide, &b);
	assert_ptr_equal(find_text(&table, "10.0.0.1"), &a);
	wg_allowedips_remove(&table, &wide, &a);
	assert_null(find_text(&table, "10.0.0.1"));
	assert_int_equal(table.root_v4, 0);
	wg_allowedips_done(&table);
}

struct model {
	struct ls_prefix prefix;
	unsigned owner; /* 0: free */
};

static struct ls_prefix random_prefix(void)
{
	struct ls_prefix prefix = {.ip.family =
	                                   chance_below(&chance, 2) ? LS_FAMILY_V4 : LS_FAMILY_V6};
	unsigned bits = ls_family_bits(prefix.ip.family);

	/* Few distinct bits, so that prefixes nest and meet. */
	for (size_t i = 0; i < ls_ip_len(&prefix.ip); i++)
		prefix.ip.b[i] =
		        (uint8_t)(chance_below(&chance, 4) == 0 ? 1 << chance_below(&chance, 8)
		                                                : 0);
	prefix.bits = (uint8_t)(chance_below(&chance, bits + 1));
	return ls_prefix_masked(&prefix);
}

static unsigned model_find(const struct model *model, const struct ls_ip *ip)
{
	int best = -1;
	unsigned owner = 0;

	for (size_t i = 0; i < PREFIXES; i++) {
		if (model[i].owner && model[i].prefix.bits > best &&
		    ls_prefix_contains(&model[i].prefix, ip)) {
			best = model[i].prefix.bits;
			owner = model[i].owner;
		}
	}
	return owner;
}

static struct model *model_slot(struct model *model, const struct ls_prefix *prefix)
{
	struct model *free_slot = NULL;

	for (size_t i = 0; i < PREFIXES; i++) {
		if (model[i].owner && ls_prefix_equal(&model[i].prefix, prefix))
			return &model[i];
		if (!model[i].owner)
			free_slot = &model[i];
	}
	return free_slot;
}

static void model_change(struct model *model, struct allowedips *table,
                         struct allowedips_owner *owners)
{
	struct ls_prefix prefix = random_prefix();
	struct model *slot = model_slot(model, &prefix);
	unsigned owner = 1 + chance_below(&chance, OWNERS);

	switch (chance_below(&chance, 40)) {
	case 0:
		wg_allowedips_remove_all(table, &owners[owner]);
		for (size_t i = 0; i < PREFIXES; i++) {
			if (model[i].owner == owner)
				model[i].owner = 0;
		}
		break;
	case 1 ... 12:
		if (!slot || !slot->owner)
			slot = &model[chance_below(&chance, PREFIXES)];
		wg_allowedips_remove(table, &slot->prefix, &owners[slot->owner]);
		slot->owner = 0;
		break;
	default:
		if (!slot)
			break;
		assert_int_equal(wg_allowedips_reserve(table, 1), 0);
		wg_allowedips_add(table, &prefix, &owners[owner]);
		*slot = (struct model){.prefix = prefix, .owner = owner};
		break;
	}
}

/* Against a list searched from end to end, over thousands of random changes. */
static void test_against_model(void **state)
{
	static struct model model[PREFIXES];
	struct allowedips_owner owners[OWNERS + 1] = {0};
	struct allowedips table = {0};
	size_t live = 0;

	(void)state;
	for (int round = 0; round < 8000; round++) {
		struct ls_prefix probe = random_prefix();
		unsigned want = model_find(model, &probe.ip);

		assert_ptr_equal(find(&table, &probe.ip), want ? &owners[want] : NULL);
		model_change(model, &table, owners);
	}
	for (unsigned o = 1; o <= OWNERS; o++) {
		size_t mine = 0;

		for (size_t i = 0; i < PREFIXES; i++)
			mine += model[i].owner == o;
		assert_int_equal(count(&table, &owners[o]), mine);
		live += mine;
	}
	/* At most one branch a prefix: nothing is left behind. */
	assert_true(table.used - 1 - table.spare < 2 * live + 1);
	for (unsigned o = 1; o <= OWNERS; o++)
		wg_allowedips_remove_all(&table, &owners[o]);
	assert_int_equal(table.used - 1, table.spare);
	assert_int_equal(table.root_v4, 0);
	assert_int_equal(table.root_v6, 0);
	wg_allowedips_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_longest_prefix),
	        cmocka_unit_test(test_remove_is_exact),
	        cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
