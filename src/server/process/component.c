/* SPDX-License-Identifier: Apache-2.0 */
#include "server/process/component.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "server/process/thread.h"

struct running {
	const struct component *row;
	struct server_sockets sockets; /* the ones that it leaves here are closed at the end */
	struct process_thread *thread; /* NULL: it runs on the main loop */
	void *self;                    /* NULL: its start failed */
};

struct components {
	struct running *items;
	size_t count; /* started */
};

/* Moves the sockets that this component serves from `from` to `to`. */
static void hand_over(const struct component *row, struct server_sockets *from,
                      struct server_sockets *to)
{
	for (size_t i = 0; i < from->count; i++) {
		if (!(row->sockets & 1U << from->items[i].use) || from->items[i].fd < 0)
			continue;
		to->items[to->count++] = from->items[i];
		from->items[i].fd = -1;
	}
}

static int start_one(struct running *it, const struct component_start *with, struct ls_fail *fail)
{
	struct component_start start = {
	        .base = with->base, .sockets = &it->sockets, .context = with->context};
	struct process_thread_work work;
	int r;

	hand_over(it->row, with->sockets, &it->sockets);
	if (it->row->has_thread) {
		r = process_thread_new(it->row->name, &it->thread, fail);
		if (r < 0)
			return r;
		start.base = process_thread_base(it->thread);
	}
	assert(start.base);
	r = it->row->start(&start, &it->self, fail);
	if (r < 0 || !it->thread)
		return r;
	work = (struct process_thread_work){
	        .reload = it->row->reload, .stop = it->row->stop, .self = it->self};
	return process_thread_start(it->thread, &work, fail);
}

static int end_one(struct running *it)
{
	int r = it->thread ? process_thread_end(it->thread, PROCESS_COMPONENT_END_MS) : 0;

	if (it->self)
		it->row->free(it->self);
	process_thread_free(it->thread);
	process_sockets_done(&it->sockets);
	return r;
}

int process_components_start(const struct component *rows, size_t count,
                             const struct component_start *with, struct components **ret,
                             struct ls_fail *fail)
{
	struct components *components = ls_new(struct components);

	components->items = ls_new_bytes(count * sizeof(*components->items));
	for (size_t i = 0; i < count; i++) {
		int r;

		components->items[i].row = &rows[i];
		components->count++;
		r = start_one(&components->items[i], with, fail);
		if (r < 0) {
			(void)process_components_free(components);
			return r;
		}
	}
	*ret = components;
	return 0;
}

void process_components_run(struct components *components)
{
	for (size_t i = 0; i < components->count; i++) {
		if (components->items[i].thread)
			process_thread_run(components->items[i].thread);
	}
}

void process_components_reload(struct components *components)
{
	for (size_t i = 0; i < components->count; i++) {
		struct running *it = &components->items[i];

		if (it->thread)
			process_thread_reload(it->thread);
		else
			it->row->reload(it->self);
	}
}

void process_components_stop(struct components *components)
{
	for (size_t i = components->count; i-- > 0;) {
		struct running *it = &components->items[i];

		if (!it->thread) {
			it->row->stop(it->self);
			return;
		}
		process_thread_stop(it->thread);
	}
}

int process_components_free(struct components *components)
{
	int r = 0;

	if (!components)
		return 0;
	for (size_t i = components->count; i-- > 0;) {
		int ended = end_one(&components->items[i]);

		if (ended < 0)
			r = ended;
	}
	free(components->items);
	free(components);
	return r;
}
