/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the profile's state.json for a running agent. Other commands write the file, too
 * (rotate-keys, netmap). So the agent replaces it under its lock, and only if it is still the
 * version that the agent has read. The agent first reads a newer version: its keys and token, but
 * not its netmap. It never replaces a file that does not parse any more. Writing, with fsync(2),
 * and reading run on their own thread; results come back on the event loop. Event loop's thread
 * only. */
#ifndef LS_AGENT_STATE_FILE_H
#define LS_AGENT_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "profile/node_state.h"

struct event_base;
struct state_file;

struct state_file_handler {
	/* Another command has written the file. `fresh` has no netmap, unless it is of another
	 * node: then the profile was registered again. The callee owns it. A negative code refuses
	 * this version: it is not read again and never replaced. */
	int (*changed)(void *arg, struct node_state *fresh, struct ls_fail *fail);
	/* The result of agent_state_file_save. When `code` is negative, the callee owns `text`.
	 * -ESTALE: `changed` was called, and the text must be encoded again. -EWOULDBLOCK: another
	 * command holds the lock, and the thread does not wait for it. */
	void (*saved)(void *arg, int code, char *text, size_t len, const struct ls_fail *fail);
	void *arg;
};

/* Reads the state with its netmap, and starts the thread. */
int agent_state_file_open(struct event_base *base, const char *path,
                          const struct state_file_handler *handler, struct state_file **ret,
                          struct node_state **ret_state, struct ls_fail *fail) LS_MUST_CHECK;
/* Waits a moment for running jobs. NULL is fine. */
void agent_state_file_close(struct state_file *file);

/* Replaces the file by a text of profile_state_encode, and takes over the text. Must not be called
 * while a save is running. */
void agent_state_file_save(struct state_file *file, char *text, size_t len);
bool agent_state_file_is_saving(const struct state_file *file);
/* Call it every few seconds: it reads the file again if its version is not the last one read. */
void agent_state_file_look(struct state_file *file);

#endif
