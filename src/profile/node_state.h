/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's state.json (docs/protocol.md, "Client files"): who this node is, its keys, and the
 * last netmap. Unknown members stay as they are. */
#ifndef LS_PROFILE_NODE_STATE_H
#define LS_PROFILE_NODE_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/keys.h"
#include "proto/netmap.h"
#include "wire/ip.h"

/* Strings are malloced and owned; so is the netmap. Zero-initialise one that is built by hand. */
struct node_state {
	char *profile;
	char *network_id;
	char *node_id;
	char *node_name;
	struct machine_private_key machine_private_key;
	struct machine_public_key machine_public_key;
	struct wg_private_key wg_private_key;
	struct wg_public_key wg_public_key;
	char *node_token; /* NULL: none */
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	struct netmap *last_netmap; /* NULL: none, or one that did not decode */
	struct ls_fail netmap_fail; /* code not 0: why last_netmap of the file did not decode */
	int64_t updated_at;
	bool stored;     /* loaded from or saved to its file: may replace it */
	json_t *unknown; /* members of the file that are not ours; NULL: none */
};

struct node_state *profile_state_new(void);
/* Wipes secrets. */
void profile_state_free(struct node_state *state);

/* -ENOENT when the profile has no state. A file that does not parse, lacks a member, or whose
 * public keys do not belong to its private keys, is refused with path and reason. */
int profile_state_load(const char *path, struct node_state **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* All but the netmap, which is not even decoded: for who has a newer one. */
int profile_state_load_fields(const char *path, struct node_state **ret,
                              struct ls_fail *fail) LS_MUST_CHECK;
int profile_state_parse(const char *data, size_t len, const char *what, struct node_state **ret,
                        struct ls_fail *fail) LS_MUST_CHECK;
/* Replaces the file, mode 0600; a missing directory is made with 0700. Sets updated_at to now_s. A
 * state that was neither loaded nor saved before replaces nothing: -EEXIST. */
int profile_state_save(struct node_state *state, const char *path, int64_t now_s,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* The two parts of it, for who does not want to wait for the disk. The text is malloced, holds
 * secrets, and is freed by profile_state_free_text; profile_state_write may be called on another
 * thread. */
int profile_state_encode(struct node_state *state, int64_t now_s, char **ret_text, size_t *ret_len,
                         struct ls_fail *fail) LS_MUST_CHECK;
int profile_state_write(const char *path, const char *text, size_t len,
                        struct ls_fail *fail) LS_MUST_CHECK;
void profile_state_free_text(char *text, size_t len);

/* Several processes write the file: the agent, rotate-keys, netmap. Whoever loads, changes and
 * saves it holds this lock from before the load until after the save, so that no change is lost. It
 * is on the directory, which must exist, and leaves nothing behind; close(2) gives it up. Where
 * `wait` is false a lock that another process holds is -EWOULDBLOCK. */
int profile_state_lock(const char *path, bool wait, int *ret_fd,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* Takes the netmap over, and from it what the server may change: node name and addresses. */
void profile_state_set_netmap(struct node_state *state, struct netmap *netmap);

#endif
