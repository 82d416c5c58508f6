/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants: a child's prefix is longer than its parent's and begins with it; a node without an
 * owner has two children. Keys of both families are left-aligned in 128 bits, in host byte order,
 * so that comparing prefixes takes one shift and one XOR. */
#include "wg/allowedips.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/cursor.h"

struct key {
	uint64_t hi;
	uint64_t lo;
};

struct allowedips_node {
	struct key key; /* bits after the first `bits` are zero */
	struct allowedips_owner *owner;
	uint32_t child[2]; /* in a free node, [0] is the next free node */
	uint32_t parent;
	uint32_t prev; /* list of the same owner's prefixes; 0: none */
	uint32_t next;
	uint8_t bits;
	bool v6;
};

static_assert(sizeof(struct allowedips_node) <= 48, "10,000s of prefixes must stay cheap");

static struct key key_v4(const uint8_t b[static 4])
{
	struct ls_be32 be;

	memcpy(be.b, b, sizeof(be.b));
	return (struct key){.hi = (uint64_t)ls_be32_get(be) << 32};
}

static struct key key_v6(const uint8_t b[static 16])
{
	struct ls_be64 hi, lo;

	memcpy(hi.b, b, sizeof(hi.b));
	memcpy(lo.b, b + 8, sizeof(lo.b));
	return (struct key){.hi = ls_be64_get(hi), .lo = ls_be64_get(lo)};
}

static struct key key_of(const struct ls_prefix *prefix)
{
	return prefix->ip.family == LS_FAMILY_V6 ? key_v6(prefix->ip.b) : key_v4(prefix->ip.b);
}

/* How many leading bits two keys share. */
static unsigned common_bits(struct key a, struct key b)
{
	if (a.hi != b.hi)
		return (unsigned)__builtin_clzll(a.hi ^ b.hi);
	if (a.lo != b.lo)
		return 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
	return 128;
}

static struct key first_bits(struct key key, unsigned bits)
{
	if (bits < 64)
		return (struct key){.hi = key.hi & ~(UINT64_MAX >> bits)};
	if (bits < 128)
		key.lo &= ~(UINT64_MAX >> (bits - 64));
	return key;
}

static inline bool holds(const struct allowedips_node *node, struct key key)
{
	if (node->bits == 0)
		return true;
	if (node->bits <= 64)
		return (node->key.hi ^ key.hi) >> (64 - node->bits) == 0;
	return node->key.hi == key.hi && (node->key.lo ^ key.lo) >> (128 - node->bits) == 0;
}

/* The bit that follows the first `bits` bits; bits < 128. */
static inline unsigned bit_after(struct key key, unsigned bits)
{
	return (unsigned)(bits < 64 ? key.hi >> (63 - bits) : key.lo >> (127 - bits)) & 1;
}

void wg_allowedips_done(struct allowedips *table)
{
	free(table->nodes);
	*table = (struct allowedips){0};
}

int wg_allowedips_reserve(struct allowedips *table, size_t prefixes)
{
	void *array = table->nodes;
	size_t used = table->used ? table->used : 1;
	int r;

	if (prefixes > ALLOWEDIPS_MAX || used > 2 * (size_t)ALLOWEDIPS_MAX)
		return LS_ERROR_LIMIT;
	if (prefixes * 2 <= table->spare)
		return 0;
	r = ls_try_grow(&array, &table->cap, used + prefixes * 2 - table->spare,
	                sizeof(*table->nodes));
	if (r < 0)
		return r;
	table->nodes = array;
	table->used = used;
	return 0;
}

static uint32_t take_node(struct allowedips *table, struct key key, unsigned bits, bool v6)
{
	uint32_t n = table->free_head;

	if (n) {
		table->free_head = table->nodes[n].child[0];
		table->spare--;
	} else {
		assert(table->used < table->cap);
		n = (uint32_t)table->used++;
	}
	table->nodes[n] = (struct allowedips_node){.key = key, .bits = (uint8_t)bits, .v6 = v6};
	return n;
}

static void give_node(struct allowedips *table, uint32_t n)
{
	table->nodes[n] = (struct allowedips_node){.child = {table->free_head}};
	table->free_head = n;
	table->spare++;
}

static void disown(struct allowedips *table, uint32_t n)
{
	struct allowedips_node *node = &table->nodes[n];

	if (!node->owner)
		return;
	assert(node->prev || node->owner->first == n);
	if (node->prev)
		table->nodes[node->prev].next = node->next;
	else
		node->owner->first = node->next;
	if (node->next)
		table->nodes[node->next].prev = node->prev;
	node->owner = NULL;
	node->prev = node->next = 0;
}

static void own(struct allowedips *table, uint32_t n, struct allowedips_owner *owner)
{
	struct allowedips_node *node = &table->nodes[n];

	disown(table, n);
	node->owner = owner;
	node->next = owner->first;
	if (node->next)
		table->nodes[node->next].prev = n;
	owner->first = n;
}

/* Replaces `old` by `n` under `parent` (0: at the root). `old` is 0 when that place is empty, `n`
 * is 0 to empty it. */
static void relink(struct allowedips *table, uint32_t parent, uint32_t old, uint32_t n)
{
	bool v6 = table->nodes[old ? old : n].v6;

	if (!parent)
		*(v6 ? &table->root_v6 : &table->root_v4) = n;
	else if (old)
		table->nodes[parent].child[table->nodes[parent].child[1] == old] = n;
	else
		table->nodes[parent]
		        .child[bit_after(table->nodes[n].key, table->nodes[parent].bits)] = n;
	if (n)
		table->nodes[n].parent = parent;
}

static void adopt(struct allowedips *table, uint32_t parent, uint32_t child)
{
	struct allowedips_node *p = &table->nodes[parent];

	assert(p->bits < table->nodes[child].bits);
	p->child[bit_after(table->nodes[child].key, p->bits)] = child;
	table->nodes[child].parent = parent;
}

/* Returns the deepest node whose prefix contains the given one, 0 for none. *ret_below is the child
 * of that node in whose place the given prefix belongs: 0 when there is no child, or when the
 * returned node is the prefix itself. */
static uint32_t descend(const struct allowedips *table, uint32_t root, struct key key,
                        unsigned bits, uint32_t *ret_below)
{
	uint32_t parent = 0, n = root;

	while (n && table->nodes[n].bits <= bits && holds(&table->nodes[n], key)) {
		parent = n;
		if (table->nodes[n].bits == bits) {
			*ret_below = 0;
			return n;
		}
		n = table->nodes[n].child[bit_after(key, table->nodes[n].bits)];
	}
	*ret_below = n;
	return parent;
}

static uint32_t root_of(const struct allowedips *table, bool v6)
{
	return v6 ? table->root_v6 : table->root_v4;
}

static bool is_exactly(const struct allowedips *table, uint32_t n, unsigned bits)
{
	return n && table->nodes[n].bits == bits;
}

void wg_allowedips_add(struct allowedips *table, const struct ls_prefix *prefix,
                       struct allowedips_owner *owner)
{
	bool v6 = prefix->ip.family == LS_FAMILY_V6;
	struct key key = key_of(prefix);
	uint32_t below, n, at = descend(table, root_of(table, v6), key, prefix->bits, &below);
	unsigned common;

	if (is_exactly(table, at, prefix->bits)) {
		own(table, at, owner);
		return;
	}
	n = take_node(table, key, prefix->bits, v6);
	own(table, n, owner);
	if (!below) {
		relink(table, at, 0, n);
		return;
	}
	common = common_bits(key, table->nodes[below].key);
	if (common >= prefix->bits) {
		relink(table, at, below, n);
		adopt(table, n, below);
	} else {
		struct key stem = table->nodes[below].key;
		uint32_t branch;

		branch = take_node(table, first_bits(stem, common), common, v6);
		relink(table, at, below, branch);
		adopt(table, branch, below);
		adopt(table, branch, n);
	}
}

/* Removes a node that has no owner and fewer than two children. True when it was removed. */
static bool prune(struct allowedips *table, uint32_t n)
{
	struct allowedips_node *node = &table->nodes[n];

	if (node->owner || (node->child[0] && node->child[1]))
		return false;
	relink(table, node->parent, n, node->child[0] ? node->child[0] : node->child[1]);
	give_node(table, n);
	return true;
}

static void release(struct allowedips *table, uint32_t n)
{
	uint32_t parent = table->nodes[n].parent;

	assert(table->nodes[n].owner);
	disown(table, n);
	if (prune(table, n) && parent)
		(void)prune(table, parent);
}

void wg_allowedips_remove(struct allowedips *table, const struct ls_prefix *prefix,
                          struct allowedips_owner *owner)
{
	bool v6 = prefix->ip.family == LS_FAMILY_V6;
	uint32_t below,
	        n = descend(table, root_of(table, v6), key_of(prefix), prefix->bits, &below);

	if (is_exactly(table, n, prefix->bits) && table->nodes[n].owner == owner)
		release(table, n);
}

void wg_allowedips_remove_all(struct allowedips *table, struct allowedips_owner *owner)
{
	while (owner->first)
		release(table, owner->first);
}

static struct allowedips_owner *find(const struct allowedips *table, uint32_t root, struct key key,
                                     unsigned max_bits)
{
	struct allowedips_owner *best = NULL;

	for (uint32_t n = root; n;) {
		const struct allowedips_node *node = &table->nodes[n];

		if (!holds(node, key))
			break;
		if (node->owner)
			best = node->owner;
		if (node->bits == max_bits)
			break;
		n = node->child[bit_after(key, node->bits)];
	}
	return best;
}

struct allowedips_owner *wg_allowedips_find_v4(const struct allowedips *table,
                                               const uint8_t address[static 4])
{
	return find(table, table->root_v4, key_v4(address), 32);
}

struct allowedips_owner *wg_allowedips_find_v6(const struct allowedips *table,
                                               const uint8_t address[static 16])
{
	return find(table, table->root_v6, key_v6(address), 128);
}

bool wg_allowedips_next(const struct allowedips *table, const struct allowedips_owner *owner,
                        uint32_t *cursor, struct ls_prefix *ret)
{
	uint32_t n = *cursor ? table->nodes[*cursor].next : owner->first;
	const struct allowedips_node *node;
	struct ls_be64 hi, lo;

	if (!n)
		return false;
	node = &table->nodes[n];
	hi = ls_be64_of(node->key.hi);
	lo = ls_be64_of(node->key.lo);
	*ret = (struct ls_prefix){.ip.family = node->v6 ? LS_FAMILY_V6 : LS_FAMILY_V4,
	                          .bits = node->bits};
	memcpy(ret->ip.b, hi.b, sizeof(hi.b)); /* IPv4: the rest of the key is zero */
	memcpy(ret->ip.b + 8, lo.b, sizeof(lo.b));
	*cursor = n;
	return true;
}
