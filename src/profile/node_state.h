/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's state.json (docs/protocol.md, "Client files"): the node's identity, its keys and the
 * last netmap. Unknown members are kept. */
#ifndef LS_PROFILE_NODE_STATE_H
#define LS_PROFILE_NODE_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/keys.h"
#include "profile/known.h"
#include "profile/servers.h"
#include "proto/netmap.h"
#include "wire/ip.h"

/* Owns its malloced strings and its netmap. Zero-initialise it when you do not use
 * profile_state_new. */
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
	struct netmap *last_netmap; /* NULL: none, or it did not decode */
	struct ls_fail netmap_fail; /* code not 0: why the file's last_netmap did not decode */
	struct known_hosts known;
	struct profile_servers servers; /* that gave this node a netmap */
	/* {"endpoints", "routes"} that `heartbeat` commands added to what the running agent
	 * announces, as in a heartbeat; NULL: none. */
	json_t *announced;
	/* Unix time. The timestamps of this node's handshakes have not reached it and begin there
	 * at the next start: they must grow even if the clock does not (base/stamps.h). 0: none. */
	int64_t timestamp_floor;
	int64_t updated_at;
	bool stored;     /* loaded from or saved to its file, which it may replace */
	json_t *unknown; /* members of the file that we do not know; NULL: none */
};

struct node_state *profile_state_new(void);
/* Wipes secrets. */
void profile_state_free(struct node_state *state);

/* Loads the state; -ENOENT when the profile has none. Fails, with path and reason, when the file
 * does not parse, lacks a member, or has public keys that do not belong to its private keys. */
int profile_state_load(const char *path, struct node_state **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Loads all but the netmap, which is not decoded: for a caller that has a newer one. */
int profile_state_load_fields(const char *path, struct node_state **ret,
                              struct ls_fail *fail) LS_MUST_CHECK;
/* Replaces the file, with mode 0600, and makes a missing directory with mode 0700. Sets updated_at
 * to now_s. -EEXIST when the file exists and this state was neither loaded from it nor saved to
 * it. */
int profile_state_save(struct node_state *state, const char *path, int64_t now_s,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* The two steps of profile_state_save, for a caller that must not wait for the disk. The text is
 * malloced and has secrets; profile_state_free_text frees it. profile_state_write may be called on
 * another thread. */
int profile_state_encode(struct node_state *state, int64_t now_s, char **ret_text, size_t *ret_len,
                         struct ls_fail *fail) LS_MUST_CHECK;
int profile_state_write(const char *path, const char *text, size_t len,
                        struct ls_fail *fail) LS_MUST_CHECK;
void profile_state_free_text(char *text, size_t len);

/* Locks the state. Several processes write the file: the agent, rotate-keys, netmap. A process that
 * loads, changes and saves it holds this lock from before the load until after the save, so that no
 * change is lost. The lock is on the directory, which must exist, and leaves no file behind;
 * close(2) releases it. With `wait` false, a lock that another process holds is -EWOULDBLOCK. */
int profile_state_lock(const char *path, bool wait, int *ret_fd,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* Takes over the netmap, and copies from it what the server may change: the node's name and
 * addresses. */
void profile_state_set_netmap(struct node_state *state, struct netmap *netmap);

#endif
