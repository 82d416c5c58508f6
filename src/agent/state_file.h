/* SPDX-License-Identifier: Apache-2.0 */
/* The profile's state.json beside a running agent. Other commands write it, too (rotate-keys,
 * netmap), so that it is only replaced, under its lock, when it is still the version that the agent
 * has read. A newer version is read first: its keys and token, not its netmap. A file that does not
 * parse any more is left alone. Writing, with its fsync(2), and reading run on a thread of their
 * own; results come back on the event loop. Loop's thread only. */
#ifndef LS_AGENT_STATE_FILE_H
#define LS_AGENT_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "profile/node_state.h"

struct event_base;
struct state_file;

struct state_file_handler {
	/* Another command wrote the file. `fresh` is without its netmap, and the callee's. A
	 * negative code refuses this version: it is neither read again nor ever replaced. */
	int (*changed)(void *arg, struct node_state *fresh, struct ls_fail *fail);
	/* What came of agent_state_file_save. `text` comes back where code is negative; -ESTALE:
	 * `changed` was called, the text is to be made anew. -EWOULDBLOCK: another command holds
	 * the lock, which is not waited for. */
	void (*saved)(void *arg, int code, char *text, size_t len, const struct ls_fail *fail);
	void *arg;
};

/* Reads the whole state, starts the thread. */
int agent_state_file_open(struct event_base *base, const char *path,
                          const struct state_file_handler *handler, struct state_file **ret,
                          struct node_state **ret_state, struct ls_fail *fail) LS_MUST_CHECK;
/* Waits a moment for what is under way. NULL is fine. */
void agent_state_file_close(struct state_file *file);

/* Replaces the file by a text of profile_state_encode, which is taken over. Not while one is under
 * way. */
void agent_state_file_save(struct state_file *file, char *text, size_t len);
bool agent_state_file_is_saving(const struct state_file *file);
/* Reads the file again if it is not the version that was read last: to be called every few
 * seconds. */
void agent_state_file_look(struct state_file *file);

#endif
