/* SPDX-License-Identifier: Apache-2.0 */
/* The server's state: in memory, over a store. One thread: the control loop's. Times are Unix time.
 *
 * A change is begun, and later committed or refused. It is checked against memory, written in one
 * transaction, and when that has come back it is applied to memory, the network's revision goes up,
 * the watchers (watcher.h) are told, and whoever asked for it. Until then nobody sees anything of
 * it, and if the commit fails nothing has changed.
 *
 * The changes of one network stand in line: each is checked when all that were begun before it are
 * applied or refused, against memory as it is then. So the names, addresses, keys and token uses
 * that a change takes are its own while it is written, and free again when it fails; and clients
 * see what they would see if the changes came one at a time, in the order in which they were begun.
 * Of two registrations with a token of one use the second one waits for the first: if that is
 * written, the token is used up; if not, the second one may have it. A change of a node that was
 * deleted before its turn ends with LS_ERROR_NOT_FOUND. Networks do not wait for each other. To
 * make networks is one line of its own, as their prefixes must not overlap.
 *
 * Every function that changes something takes a completion and returns
 *   0         begun: then.done() is called exactly once, perhaps before the function returns;
 *   negative  refused at once: nothing has begun, then.done() is not called, `fail` says why.
 * The outcome has the same codes:
 *   LS_ERROR_BAD_VALUE   the request asks for something that is not allowed
 *   LS_ERROR_AUTH        a secret is wrong, expired or used up
 *   LS_ERROR_CONFLICT    it clashes with what exists, or there are too many already
 *   LS_ERROR_NOT_FOUND   it names something unknown
 *   -ENOSPC, -EIO, -ENOMEM   the store or memory failed
 *   -ECANCELED           the state was closed before the turn of the change
 * A request and all it points to are borrowed until the end; the objects that it is about may go
 * before. done() may begin other changes. */
#ifndef LS_SERVER_STATE_STATE_H
#define LS_SERVER_STATE_STATE_H

#include "proto/acl.h"
#include "proto/heartbeat.h"
#include "proto/network_create.h"
#include "proto/node_admin.h"
#include "proto/registration.h"
#include "proto/token.h"
#include "server/state/deadline.h"
#include "server/state/objects.h"
#include "server/state/origin.h"
#include "server/state/outcome.h"
#include "server/store/store.h"

struct server_state;

enum {
	STATE_PROBE_S = 30, /* how long a node's wish to be probed is passed on */
};

/* Loads everything; takes over the store only on success. */
int state_open(struct store *store, int64_t now, struct server_state **ret,
               struct ls_fail *fail) LS_MUST_CHECK;
/* Writes what is held back (last_seen), lets changes that are on their way come back and refuses
 * those that wait in line, closes the store and frees. NULL is fine. */
void state_close(struct server_state *state, int64_t now);

/* What time alone changes: keys that come of age, last_seen that is due for writing. To be called
 * when state_deadline has come. */
void state_tick(struct server_state *state, int64_t now);

/* Look-ups; NULL when unknown. The tokens by secret or by public id. */
struct network *state_network(const struct server_state *state, const char *id);
struct node *state_node(const struct server_state *state, const char *id);
struct token *state_token(const struct server_state *state, const char *secret_or_id);
/* Walks all networks: start with *cursor = 0. */
struct network *state_next_network(const struct server_state *state, size_t *cursor);
struct store *state_store(struct server_state *state);

/* secrets->enrolment_token, and the token, when a bootstrap token was asked for. */
int state_network_create(struct server_state *state, const struct network_create *request,
                         const struct origin *origin, struct state_completion then,
                         struct ls_fail *fail) LS_MUST_CHECK;
int state_network_delete(struct server_state *state, struct network *network,
                         const struct origin *origin, struct state_completion then,
                         struct ls_fail *fail) LS_MUST_CHECK;
int state_acl_set(struct server_state *state, struct network *network,
                  const struct acl_policy *policy, const struct origin *origin,
                  struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_key_policy_set(struct server_state *state, struct network *network,
                         const struct key_policy *policy, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

/* secrets->enrolment_token */
int state_token_create(struct server_state *state, struct network *network,
                       const struct token_create *request, const struct origin *origin,
                       struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* A token that is revoked already stays as it is. */
int state_token_revoke(struct server_state *state, struct token *token, const struct origin *origin,
                       struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

/* Requests to join that expired unapproved and stand in the way are deleted in the same
 * transaction. secrets->node_token, and by URL secrets->approval. */
int state_register(struct server_state *state, const struct register_request *request,
                   const struct origin *origin, struct state_completion then,
                   struct ls_fail *fail) LS_MUST_CHECK;
int state_register_url(struct server_state *state, const struct register_url_request *request,
                       const struct origin *origin, struct state_completion then,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Both change nothing when the node is approved already. */
int state_approve(struct server_state *state, struct node *node, const struct origin *origin,
                  struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_approve_by_secret(struct server_state *state, struct node *node, const char *secret,
                            const struct origin *origin, struct state_completion then,
                            struct ls_fail *fail) LS_MUST_CHECK;

int state_node_update(struct server_state *state, struct node *node,
                      const struct node_update *update, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* A node that is revoked already stays as it is. */
int state_node_revoke(struct server_state *state, struct node *node, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_node_delete(struct server_state *state, struct node *node, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* Clears a revocation. */
int state_keys_rotate(struct server_state *state, struct node *node,
                      const struct key_rotation *rotation, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

/* The origin's source becomes an endpoint. Bumps the revision and writes only when endpoints or
 * routes changed, or a probe was asked for; one that says nothing new waits only for changes of its
 * own node. */
int state_heartbeat(struct server_state *state, struct node *node,
                    const struct heartbeat *heartbeat, const struct origin *origin,
                    struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

#endif
