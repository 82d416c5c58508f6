/* SPDX-License-Identifier: Apache-2.0 */
/* An intrusive doubly linked list. The head is a node too, and must be initialised. */
#ifndef LS_BASE_LIST_H
#define LS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct ls_list {
	struct ls_list *prev;
	struct ls_list *next;
};

#define LS_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void ls_list_init(struct ls_list *head)
{
	head->prev = head->next = head;
}

static inline bool ls_list_empty(const struct ls_list *head)
{
	return head->next == head;
}

static inline void ls_list_append(struct ls_list *head, struct ls_list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Initialises the removed node, so that removing it twice is harmless. */
static inline void ls_list_remove(struct ls_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	ls_list_init(node);
}

/* NOLINTBEGIN(bugprone-macro-parentheses): `it` and `tmp` are declared, no expressions */
#define LS_LIST_EACH(it, head)                                                                     \
	for (struct ls_list *it = (head)->next; (it) != (head); (it) = (it)->next)
/* `it`, and only `it`, may be removed during the walk. */
#define LS_LIST_EACH_SAFE(it, tmp, head)                                                           \
	for (struct ls_list *it = (head)->next, *tmp = (it)->next; (it) != (head);                 \
	     (it) = (tmp), (tmp) = (it)->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
