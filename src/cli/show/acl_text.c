/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show/acl_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"
#include "json/json.h"

enum {
	SHOWN_PAIRS = 50,    /* pairs of each list that are printed */
	SHOWN_STRANGERS = 5, /* most notes that are printed */
};

static void add_words(struct ls_buf *buf, const char *kind, struct string_list list)
{
	for (size_t i = 0; i < list.count; i++)
		ls_buf_printf(buf, "%s%s:%s", buf->len > 0 ? ", " : "", kind, list.items[i]);
}

static void selector_cell(struct cli_table *table, const struct acl_selector *selector)
{
	struct ls_buf buf = {0};

	if (!selector->any) {
		add_words(&buf, "tag", selector->tags);
		add_words(&buf, "node", selector->node_ids);
		add_words(&buf, "name", selector->names);
	}
	cli_table_cell(table, buf.len > 0 ? ls_buf_text(&buf) : "any");
	ls_buf_done(&buf);
}

void show_acl_text_print(const struct acl_policy *policy)
{
	static const char *const headers[] = {">RULE", "ACTION", "FROM", "TO", NULL};
	struct cli_table *table = cli_table_new(headers);

	for (size_t i = 0; i < policy->rule_count; i++) {
		cli_table_cellf(table, "%zu", i);
		cli_table_cell(table, proto_acl_action_name(policy->rules[i].action));
		selector_cell(table, &policy->rules[i].src);
		selector_cell(table, &policy->rules[i].dst);
	}
	cli_table_print(table, stdout, "no rules");
	cli_table_free(table);
	cli_field("default", "%s", proto_acl_action_name(policy->default_action));
	if (policy->sight != ACL_SIGHT_UNSAID)
		cli_field("sight", "%s", proto_acl_sight_name(policy->sight));
}

static int compare_subjects(const void *a, const void *b)
{
	const struct acl_subject *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	return r != 0 ? r : strcmp(x->id, y->id);
}

int show_acl_roster_make(const struct node_list *nodes, struct acl_roster *ret)
{
	struct acl_roster roster = {.subjects =
	                                    ls_try_array(nodes->count + 1, sizeof(*ret->subjects))};

	if (!roster.subjects)
		return -ENOMEM;
	for (size_t i = 0; i < nodes->count; i++) {
		const struct peer_info *peer = &nodes->items[i].peer;

		if (proto_node_is_active(&nodes->items[i]))
			roster.subjects[roster.count++] = (struct acl_subject){
			        .id = peer->id, .name = peer->name, .tags = peer->tags};
	}
	qsort(roster.subjects, roster.count, sizeof(*roster.subjects), compare_subjects);
	*ret = roster;
	return 0;
}

void show_acl_roster_done(struct acl_roster *roster)
{
	free(roster->subjects);
	*roster = (struct acl_roster){0};
}

static void add_pairs(struct cli_table *table, const struct acl_roster *roster, const char *change,
                      const struct acl_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count && i < SHOWN_PAIRS; i++) {
		cli_table_cell(table, change);
		cli_table_cell(table, roster->subjects[pairs[i].a].name);
		cli_table_cell(table, roster->subjects[pairs[i].b].name);
	}
}

void show_acl_text_print_diff(const struct acl_roster *roster, const struct acl_diff *diff)
{
	static const char *const headers[] = {"CHANGE", "NODE", "AND NODE", NULL};
	struct cli_table *table = cli_table_new(headers);

	add_pairs(table, roster, "gained", diff->gained, diff->gained_listed);
	add_pairs(table, roster, "lost", diff->lost, diff->lost_listed);
	cli_table_print(table, stdout, "no change in which nodes can see each other");
	cli_table_free(table);
	if (diff->gained_count > SHOWN_PAIRS || diff->lost_count > SHOWN_PAIRS)
		cli_field("shown", "the first %d of each", SHOWN_PAIRS);
	if (diff->gained_count + diff->lost_count > 0) {
		cli_field("gained", "%zu", diff->gained_count);
		cli_field("lost", "%zu", diff->lost_count);
	}
}

void show_acl_text_note_one_way(const struct acl_policy *policy, const struct acl_roster *roster,
                                const struct acl_diff *diff)
{
	const char *from, *to;

	if (diff->one_way_count == 0 || policy->sight == ACL_SIGHT_MUTUAL)
		return;
	from = roster->subjects[diff->one_way[0].a].name;
	to = roster->subjects[diff->one_way[0].b].name;
	if (policy->sight == ACL_SIGHT_ONE_WAY)
		cli_note("Allowed in one direction only: %zu (pairs of nodes), such as '%s' -> "
		         "'%s'. There '%s' sees '%s', which does not see it: no traffic flows.",
		         diff->one_way_count, from, to, from, to);
	else
		cli_note("Allowed in one direction only: %zu (pairs of nodes), such as '%s' -> "
		         "'%s'. Neither sees the other. With v1 servers, '%s' alone sees '%s', and "
		         "no traffic flows either; \"sight\": \"one-way\" in the policy does the "
		         "same here.",
		         diff->one_way_count, from, to, from, to);
}

static json_t *encode_pairs(const struct acl_roster *roster, const struct acl_pair *pairs,
                            size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		const struct acl_subject *a = &roster->subjects[pairs[i].a];
		const struct acl_subject *b = &roster->subjects[pairs[i].b];

		if (!json_append(list, json_pack("[{s:s, s:s}, {s:s, s:s}]", "id", a->id, "name",
		                                 a->name, "id", b->id, "name", b->name))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

bool show_acl_text_put_diff(json_t *document, const struct acl_roster *roster,
                            const struct acl_diff *diff)
{
	return json_object_set_new(document, "gained_count",
	                           json_integer((json_int_t)diff->gained_count)) == 0 &&
	       json_object_set_new(document, "gained",
	                           encode_pairs(roster, diff->gained, diff->gained_listed)) == 0 &&
	       json_object_set_new(document, "lost_count",
	                           json_integer((json_int_t)diff->lost_count)) == 0 &&
	       json_object_set_new(document, "lost",
	                           encode_pairs(roster, diff->lost, diff->lost_listed)) == 0 &&
	       json_object_set_new(document, "one_way_count",
	                           json_integer((json_int_t)diff->one_way_count)) == 0 &&
	       json_object_set_new(document, "one_way",
	                           encode_pairs(roster, diff->one_way, diff->one_way_listed)) == 0;
}

/* True when a selector of this one word matches a node. */
static bool is_known(const struct acl_selector *word, const struct node_list *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const struct peer_info *peer = &nodes->items[i].peer;
		const struct acl_subject subject = {
		        .id = peer->id, .name = peer->name, .tags = peer->tags};

		if (!nodes->items[i].revoked && proto_acl_selector_matches(word, &subject))
			return true;
	}
	return false;
}

static size_t note_selector(size_t rule, const struct acl_selector *selector,
                            const struct node_list *nodes, size_t noted)
{
	const struct {
		const char *what;
		struct string_list list;
	} kinds[] = {{"the tag", selector->tags},
	             {"the id", selector->node_ids},
	             {"the name", selector->names}};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t i = 0; i < kinds[k].list.count && noted < SHOWN_STRANGERS; i++) {
			const struct string_list one = {.items = &kinds[k].list.items[i],
			                                .count = 1};
			const struct acl_selector word = {
			        .tags = k == 0 ? one : (struct string_list){0},
			        .node_ids = k == 1 ? one : (struct string_list){0},
			        .names = k == 2 ? one : (struct string_list){0}};

			if (is_known(&word, nodes))
				continue;
			cli_note("Rule %zu: no node has %s '%s'.", rule, kinds[k].what,
			         kinds[k].list.items[i]);
			noted++;
		}
	}
	return noted;
}

void show_acl_text_note_strangers(const struct acl_policy *policy, const struct node_list *nodes)
{
	size_t noted = 0;

	for (size_t i = 0; i < policy->rule_count && noted < SHOWN_STRANGERS; i++) {
		noted = note_selector(i, &policy->rules[i].src, nodes, noted);
		noted = note_selector(i, &policy->rules[i].dst, nodes, noted);
	}
}
