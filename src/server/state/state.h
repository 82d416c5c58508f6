/* SPDX-License-Identifier: Apache-2.0 */
/* The server's state, in memory and in a store. It belongs to the thread of the control loop. Times
 * are Unix time.
 *
 * A change is begun, and later committed or refused. It is checked against memory and written in
 * one transaction. When the store has written it, it is applied to memory, the network's revision
 * goes up, and the watchers (watcher.h) and the caller are told. Until then nobody sees any part of
 * it. If the commit fails, nothing has changed.
 *
 * The changes of one network wait in a line: each is checked when all that were begun before it are
 * applied or refused, against memory as it is then. So the names, addresses, keys and token uses
 * that a change takes are reserved while it is written, and free again when it fails. Clients see
 * the same as if the changes came one at a time, in the order in which they were begun. For
 * example, two registrations use a token that has one use left: the second one waits for the first.
 * If the first is written, the token is used up; if not, the second one can use it. A change of a
 * node that was deleted before its turn ends with LS_ERROR_NOT_FOUND. Networks do not wait for each
 * other. Changes that create networks share one line, since their prefixes must not overlap.
 *
 * Every function that changes something takes a completion and returns
 *   0         begun: then.done() is called exactly once, perhaps before the function returns;
 *   negative  refused at once: nothing has begun, then.done() is not called, `fail` says why.
 * The outcome has the same codes:
 *   LS_ERROR_BAD_VALUE   the request asks for something that is not allowed
 *   LS_ERROR_AUTH        a secret is wrong, expired or used up
 *   LS_ERROR_CONFLICT    it clashes with what exists, or there are too many already
 *   LS_ERROR_TOO_MANY    a budget is used up (budget.h); fail->retry_s says for how long
 *   LS_ERROR_NOT_FOUND   it names something unknown
 *   -ENOSPC, -ESTALE, -EIO, -ENOMEM   the store or memory failed
 *   -EBUSY               too many changes wait
 *   -ECANCELED           the state was closed before the change had its turn
 * A request and all it points to are borrowed until the end. The objects that it is about may be
 * deleted before. A change with a ticket can be withdrawn (ticket.h). done() may begin other
 * changes. */
#ifndef LS_SERVER_STATE_STATE_H
#define LS_SERVER_STATE_STATE_H

#include "proto/acl.h"
#include "proto/heartbeat.h"
#include "proto/network_create.h"
#include "proto/node_admin.h"
#include "proto/registration.h"
#include "proto/token.h"
#include "server/state/deadline.h"
#include "server/state/former.h"
#include "server/state/objects.h"
#include "server/state/origin.h"
#include "server/state/outcome.h"
#include "server/state/ticket.h"
#include "server/store/store.h"

struct server_state;

enum {
	STATE_PROBE_S = 30, /* netmaps pass on a node's wish for probes for this long */
};

/* Loads everything. On success, the state owns the store. */
int state_open(struct store *store, int64_t now, struct server_state **ret,
               struct ls_fail *fail) LS_MUST_CHECK;
/* Writes last_seen, lets the store finish the changes that it has, refuses those that wait in a
 * line, closes the store and frees the state. NULL is fine. */
void state_close(struct server_state *state);

/* Tells the state the time of the wall clock (Unix time in ms), and that of ls_now_ns() in ms. When
 * somebody has set the wall clock, everything that depends on it is decided again, and a network in
 * which other nodes are active than before gets a new revision. Call it before the state is used at
 * a new time, and every few seconds. */
void state_set_time(struct server_state *state, int64_t wall_ms, int64_t steady_ms);
/* Does what is due at a time: expires keys and requests to join, writes last_seen. Call it when
 * state_deadline has come. */
void state_tick(struct server_state *state, int64_t now);

/* How many seconds after the end of a node others may get its addresses: 0 at once, or
 * STATE_REUSE_NEVER; STATE_REUSE_AFTER_S unless this is called. */
void state_reuse_addresses_after(struct server_state *state, int64_t seconds);

/* Look-ups; NULL when unknown. A token is found by its secret or its public id. */
struct network *state_network(const struct server_state *state, const char *id);
struct node *state_node(const struct server_state *state, const char *id);
struct token *state_token(const struct server_state *state, const char *secret_or_id);
/* Walks all networks: start with *cursor = 0. */
struct network *state_next_network(const struct server_state *state, size_t *cursor);
struct store *state_store(struct server_state *state);

/* The outcome has the network. When a bootstrap token was asked for, also the token and
 * secrets->enrolment_token. */
int state_network_create(struct server_state *state, const struct network_create *request,
                         const struct origin *origin, struct state_completion then,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* Changes the rules that are given. Changes nothing when they are so already. */
int state_network_update(struct server_state *state, struct network *network,
                         const struct network_rules_given *given, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_network_delete(struct server_state *state, struct network *network,
                         const struct origin *origin, struct state_completion then,
                         struct ls_fail *fail) LS_MUST_CHECK;
int state_acl_set(struct server_state *state, struct network *network,
                  const struct acl_policy *policy, const struct origin *origin,
                  struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_key_policy_set(struct server_state *state, struct network *network,
                         const struct key_policy *policy, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

/* The outcome has the token and secrets->enrolment_token. */
int state_token_create(struct server_state *state, struct network *network,
                       const struct token_create *request, const struct origin *origin,
                       struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* Changes nothing when the token is revoked already. */
int state_token_revoke(struct server_state *state, struct token *token, const struct origin *origin,
                       struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

/* These also delete requests to join that are in the way and give way (reclaim.h), in the same
 * transaction. The outcome has the node and secrets->node_token, by URL also secrets->approval. */
int state_register(struct server_state *state, const struct register_request *request,
                   const struct origin *origin, struct state_completion then,
                   struct ls_fail *fail) LS_MUST_CHECK;
int state_register_url(struct server_state *state, const struct register_url_request *request,
                       const struct origin *origin, struct state_completion then,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* True when the approval link alone approves nodes of the network. */
bool state_link_approves(const struct network *network);
/* Checks the secret of a node's approval link: LS_ERROR_AUTH when it is wrong, or has expired
 * before the node was approved. */
int state_link_check(const struct node *node, const char *secret, int64_t now,
                     struct ls_fail *fail) LS_MUST_CHECK;
/* Both change nothing when the node is approved already. By link: for whoever has shown its secret.
 * LS_ERROR_AUTH unless the link alone approves, or the origin is an admin. */
int state_approve(struct server_state *state, struct node *node, const struct origin *origin,
                  struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_approve_by_link(struct server_state *state, struct node *node,
                          const struct origin *origin, struct state_completion then,
                          struct ls_fail *fail) LS_MUST_CHECK;

/* Deletes a request to join, for whoever has shown the secret of its link. LS_ERROR_CONFLICT when
 * the node is approved. */
int state_reject_by_link(struct server_state *state, struct node *node, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

int state_node_update(struct server_state *state, struct node *node,
                      const struct node_update *update, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* Changes nothing when the node is revoked already. */
int state_node_revoke(struct server_state *state, struct node *node, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
int state_node_delete(struct server_state *state, struct node *node, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* A revoked node is valid again after it. LS_ERROR_CONFLICT when the node itself asks for that in a
 * network where revocations are final. */
int state_keys_rotate(struct server_state *state, struct node *node,
                      const struct key_rotation *rotation, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;

/* Drops what this node may not announce, with a warning: routes inside the overlay. Endpoints that
 * no other node may be sent to only get a warning; state_heartbeat drops them. */
void state_heartbeat_trim(const struct node *node, struct heartbeat *heartbeat,
                          struct ls_arena *arena);
/* The source of the request becomes an endpoint. Endpoints that would aim other nodes at
 * themselves, at many hosts, or into the network itself are dropped. This writes, and increases the
 * revision, only when endpoints or routes have changed or the node asks for probes. A heartbeat
 * that changes nothing waits only for changes of its own node. */
int state_heartbeat(struct server_state *state, struct node *node,
                    const struct heartbeat *heartbeat, const struct origin *origin,
                    struct state_completion then, struct ls_fail *fail) LS_MUST_CHECK;
/* How many endpoints the heartbeats so far announced in vain. */
uint64_t state_endpoints_dropped(const struct server_state *state);

#endif
