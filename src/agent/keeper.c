/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "agent/netmap_same.h"
#include "agent/state_file.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/once.h"
#include "base/stamps.h"
#include "base/str.h"
#include "control/backoff.h"

/* The floor for the timestamps of handshakes lies ahead of them by half the time that this run has
 * lasted, within these limits. So an agent that runs for long writes it every few hours, and the
 * timestamps do not run away when the agent is killed again and again: each start goes on from the
 * floor, but slower than time. */
enum {
	FLOOR_AHEAD_MIN_S = 2 * 60,
	FLOOR_AHEAD_MAX_S = 6 * 3600,
};

struct keeper {
	struct keeper_options options; /* state_path is a copy */
	char *path;
	struct state_file *file;
	struct node_state *state; /* never NULL while open; last_netmap is the current netmap */
	struct tunnel *tunnel;
	bool from_server; /* this run has taken a netmap from a server */
	bool disowned;    /* the server does not know this node */
	bool unapplied;   /* the last attempt to apply failed; the next one is due at retry_ns */
	uint64_t retry_ns;
	struct backoff retry;

	bool unsaved;        /* the current netmap has changes that the file lacks */
	uint64_t applied_ns; /* when it was applied */
	bool answered;       /* a server has answered a request that was started after that */
	uint64_t version;    /* of the state; changes whenever the state does */
	uint64_t saving;     /* the version that is being saved */
	char *text;          /* the encoded state if saving it failed; NULL: encode it again */
	size_t text_len;
	struct ls_once said_unsaved;
	struct ls_once said_key;

	struct ls_stamps *stamps;
	uint64_t opened_ns;
	int64_t floor_s;      /* what the file has; 0: none */
	int64_t text_floor_s; /* what the text has that was encoded last */
	bool runs;            /* there is or was a tunnel, which uses the stamps */
	bool last_floor_due;  /* this run ends, and its last floor is not on its way to the file */

	struct known_hosts known;
	uint64_t known_taken; /* the version of `known` that the state has */
};

/* --- the state file --- */

static void drop_text(struct keeper *keeper)
{
	if (keeper->text)
		profile_state_free_text(keeper->text, keeper->text_len);
	keeper->text = NULL;
}

/* The state has changed, so its encoded text is out of date. */
static void note_change(struct keeper *keeper)
{
	keeper->version++;
	drop_text(keeper);
}

static void note_not_saved(struct keeper *keeper, int code, const struct ls_fail *fail)
{
	/* It is no error when another command holds the lock. That the directory cannot be written
	 * was said at the start; it is worth an error when a netmap is lost. Others are logged
	 * once. */
	bool read_only = code == -EROFS || code == -EACCES || code == -EPERM;
	bool expected = code == -EWOULDBLOCK || (read_only && !keeper->unsaved);
	bool news = !expected && ls_once_news(&keeper->said_unsaved, code);

	ls_log(news ? LS_LOG_ERROR : LS_LOG_DEBUG, "state.not_saved", "error=\"%s\"", fail->text);
}

static int64_t stamp_s(const struct keeper *keeper)
{
	return (int64_t)(ls_stamps_now_ns(keeper->stamps) / LS_NS_PER_S);
}

static int64_t floor_ahead_s(const struct keeper *keeper)
{
	int64_t half_s = (int64_t)((ls_now_ns() - keeper->opened_ns) / LS_NS_PER_S) / 2;

	if (half_s < FLOOR_AHEAD_MIN_S)
		return FLOOR_AHEAD_MIN_S;
	return half_s < FLOOR_AHEAD_MAX_S ? half_s : FLOOR_AHEAD_MAX_S;
}

/* Three quarters of the way to this floor are gone. */
static bool floor_is_near(const struct keeper *keeper, int64_t floor_s)
{
	return floor_s < stamp_s(keeper) + floor_ahead_s(keeper) / 4;
}

/* A new floor alone does not make the netmap in the file a newer one. */
static int encode(struct keeper *keeper, int64_t floor_s, struct ls_fail *fail)
{
	int64_t updated_s = keeper->unsaved ? ls_wall_s() : keeper->state->updated_at;

	drop_text(keeper);
	keeper->state->timestamp_floor = keeper->text_floor_s = floor_s;
	return profile_state_encode(keeper->state, updated_s, &keeper->text, &keeper->text_len,
	                            fail);
}

static void save_text(struct keeper *keeper)
{
	keeper->saving = keeper->version;
	agent_state_file_save(keeper->file, LS_STEAL(keeper->text), keeper->text_len);
}

/* A state without news is the one of the file, which a new floor may replace at any time. */
static bool may_save(const struct keeper *keeper)
{
	return (!keeper->unsaved || (keeper->answered && !keeper->unapplied)) &&
	       !agent_state_file_is_saving(keeper->file);
}

static void save(struct keeper *keeper)
{
	struct ls_fail fail;
	int r = 0;

	if (!may_save(keeper) ||
	    (!keeper->unsaved && !(keeper->runs && floor_is_near(keeper, keeper->floor_s))))
		return;
	if (!keeper->text || floor_is_near(keeper, keeper->text_floor_s))
		r = encode(keeper, stamp_s(keeper) + floor_ahead_s(keeper), &fail);
	if (r < 0) {
		note_not_saved(keeper, r, &fail);
		return;
	}
	save_text(keeper);
}

/* Nothing will be sent any more: the next run need not begin far ahead. */
static void save_last_floor(struct keeper *keeper)
{
	struct ls_fail fail;

	if (!keeper->last_floor_due || !may_save(keeper))
		return;
	keeper->last_floor_due = false;
	if (encode(keeper, stamp_s(keeper) + 1, &fail) < 0)
		note_not_saved(keeper, fail.code, &fail);
	else
		save_text(keeper);
}

static void on_saved(void *arg, int code, char *text, size_t len, const struct ls_fail *fail)
{
	struct keeper *keeper = arg;
	bool current = keeper->saving == keeper->version;

	if (code == 0) {
		keeper->unsaved = keeper->unsaved && !current;
		keeper->floor_s = keeper->text_floor_s;
		(void)ls_once_news(&keeper->said_unsaved, 0);
		save_last_floor(keeper);
		save(keeper); /* what has come since */
		return;
	}
	if (current) {
		keeper->text = text;
		keeper->text_len = len;
	} else {
		profile_state_free_text(text, len);
	}
	if (code == -ESTALE)
		save(keeper);
	else
		note_not_saved(keeper, code, fail);
}

/* Warns when the server has another key of this node than the state file. A command that rotates
 * keys stores the new one only after the server has taken it, so the netmap may bring it first. */
static void watch_key(struct keeper *keeper)
{
	const struct netmap *netmap = keeper->state->last_netmap;
	bool differs = netmap && !key_equal(netmap->node.peer.wg_public_key.b,
	                                    keeper->state->wg_public_key.b);

	if (ls_once_news(&keeper->said_key, differs))
		ls_warn("agent.key_differs",
		        "reason=\"the server has another WireGuard key of this node than %s\"",
		        keeper->path);
}

/* --- applying --- */

static void note_applied(struct keeper *keeper, const struct tunnel_report *report,
                         enum ls_log_level level)
{
	keeper->unapplied = false;
	keeper->answered = false;
	keeper->applied_ns = ls_now_ns();
	control_backoff_reset(&keeper->retry);
	ls_log(level, "agent.netmap",
	       "revision=%" PRIu64
	       " peers=%zu reachable=%zu added=%zu removed=%zu changed=%zu source=%s",
	       keeper->state->last_netmap->revision, report->peers, report->reachable,
	       report->added, report->removed, report->changed,
	       keeper->from_server ? "server" : "cache");
}

static void note_unapplied(struct keeper *keeper, const struct ls_fail *fail)
{
	uint64_t wait = control_backoff_next(&keeper->retry, randombytes_random());

	keeper->unapplied = true;
	keeper->retry_ns = ls_now_ns() + wait;
	ls_error("agent.apply_failed", "interface=%s retry_ms=%" PRIu64 " error=\"%s\"",
	         agent_tunnel_interface(keeper->tunnel), wait / LS_NS_PER_MS, fail->text);
}

static void apply(struct keeper *keeper, enum ls_log_level level)
{
	const struct netmap *netmap = keeper->state->last_netmap;
	struct tunnel_report report;
	struct ls_fail fail = {0};

	if (!netmap)
		return;
	if (agent_tunnel_apply(keeper->tunnel, netmap, keeper->disowned, &report, &fail) < 0)
		note_unapplied(keeper, &fail);
	else
		note_applied(keeper, &report, level);
}

void agent_keeper_apply(struct keeper *keeper)
{
	apply(keeper, LS_LOG_INFO);
}

void agent_keeper_replan(struct keeper *keeper)
{
	/* What the plan leaves out by now is logged by itself (agent.skipped). */
	if (!keeper->unapplied)
		apply(keeper, LS_LOG_DEBUG);
}

uint32_t agent_keeper_own_servers(const struct keeper *keeper, const struct control_url_list *urls)
{
	uint32_t known = 0;

	for (size_t i = 0; i < urls->count; i++) {
		if (profile_servers_has(&keeper->state->servers, urls->items[i].text))
			known |= 1u << i;
	}
	/* A state of an earlier version does not say where its netmap came from: from the server
	 * that was the last good one. */
	if (keeper->state->servers.count == 0 && keeper->state->last_netmap)
		known = 1u << urls->first;
	return known;
}

void agent_keeper_take(struct keeper *keeper, struct netmap *netmap, const char *server)
{
	bool new_server = server && profile_servers_add(&keeper->state->servers, server);
	bool news = !agent_netmap_same(keeper->state->last_netmap, netmap);
	bool apply = news || keeper->disowned || !keeper->from_server || keeper->unapplied;

	keeper->disowned = false;
	keeper->from_server = true;
	profile_state_set_netmap(keeper->state, netmap);
	if (news || new_server) {
		keeper->unsaved = true;
		note_change(keeper);
	}
	if (apply)
		agent_keeper_apply(keeper);
	watch_key(keeper);
	agent_state_file_look(keeper->file);
}

void agent_keeper_disown(struct keeper *keeper)
{
	keeper->disowned = true;
	keeper->from_server = true;
	agent_keeper_apply(keeper);
}

void agent_keeper_answered(struct keeper *keeper, uint64_t asked_ns)
{
	if (asked_ns >= keeper->applied_ns)
		keeper->answered = true;
	if (keeper->known_taken != keeper->known.version) {
		keeper->known_taken = keeper->known.version;
		keeper->state->known = keeper->known;
		keeper->unsaved = true;
		note_change(keeper);
	}
	save(keeper);
}

bool agent_keeper_is_unsaved(const struct keeper *keeper)
{
	return (keeper->unsaved || keeper->known_taken != keeper->known.version) &&
	       !keeper->unapplied;
}

void agent_keeper_tick(struct keeper *keeper, uint64_t now_ns)
{
	agent_state_file_look(keeper->file);
	watch_key(keeper);
	if (keeper->unapplied && now_ns >= keeper->retry_ns)
		agent_keeper_apply(keeper);
	save(keeper);
}

/* --- changes by other commands --- */

static void take_key(struct keeper *keeper, const struct node_state *fresh, const char *reason)
{
	char short_key[LS_KEY_SHORT_TEXT];
	struct ls_fail why;

	if (!keeper->tunnel || key_equal(fresh->wg_private_key.b, keeper->state->wg_private_key.b))
		return;
	if (agent_tunnel_set_key(keeper->tunnel, &fresh->wg_private_key, &why) < 0)
		ls_error("agent.key_failed", "error=\"%s\"", why.text);
	else
		ls_info("agent.key", "key=%s reason=%s",
		        key_short(fresh->wg_public_key.b, short_key), reason);
}

/* The profile was registered again: this host is another node now, perhaps of another network. */
static void become(struct keeper *keeper, struct node_state *fresh)
{
	ls_info("agent.registered", "old=%s new=%s name=%s", keeper->state->node_id, fresh->node_id,
	        fresh->node_name);
	if (!fresh->last_netmap && keeper->tunnel)
		agent_keeper_disown(keeper); /* the peers of the old node */
	keeper->disowned = false;
	keeper->from_server = false;
	keeper->unsaved = false;
	take_key(keeper, fresh, "registered");
	fresh->known = keeper->state->known;
	keeper->floor_s = fresh->timestamp_floor;
	profile_state_free(keeper->state);
	keeper->state = fresh;
	note_change(keeper);
	keeper->options.changed(keeper->options.arg, fresh->node_token, true);
	if (keeper->tunnel)
		agent_keeper_apply(keeper);
}

/* Another command has written the file: it may have rotated the keys. */
static int on_changed(void *arg, struct node_state *fresh, struct ls_fail *fail)
{
	struct keeper *keeper = arg;
	struct node_state *old = keeper->state;

	(void)fail;
	if (!ls_streq(fresh->node_id, old->node_id)) {
		become(keeper, fresh);
		return 0;
	}
	take_key(keeper, fresh, "rotated");
	keeper->state = fresh;
	fresh->known = old->known;
	keeper->floor_s = fresh->timestamp_floor;
	if (old->last_netmap)
		profile_state_set_netmap(fresh, LS_STEAL(old->last_netmap));
	profile_servers_add_all(&fresh->servers, &old->servers);
	profile_state_free(old);
	note_change(keeper);
	keeper->options.changed(keeper->options.arg, fresh->node_token, false);
	return 0;
}

/* --- the keeper --- */

static void start_stamps(struct keeper *keeper)
{
	int64_t behind_s;

	keeper->opened_ns = ls_now_ns();
	keeper->floor_s = keeper->state->timestamp_floor;
	keeper->stamps = ls_stamps_new(keeper->floor_s);
	behind_s = stamp_s(keeper) - ls_wall_s();
	if (behind_s > 1)
		ls_info("agent.clock_behind",
		        "seconds=%" PRIi64 " reason=\"earlier runs may have used later times in "
		        "handshakes, which go on from there\"",
		        behind_s);
}

int agent_keeper_open(const struct keeper_options *options, struct keeper **ret,
                      struct ls_fail *fail)
{
	struct keeper *keeper = ls_new(struct keeper);
	const struct state_file_handler handler = {
	        .changed = on_changed, .saved = on_saved, .arg = keeper};
	int r;

	keeper->options = *options;
	keeper->path = ls_strdup(options->state_path);
	keeper->options.state_path = keeper->path;
	control_backoff_init(&keeper->retry, options->backoff_first_ns, options->backoff_cap_ns);
	r = agent_state_file_open(options->base, keeper->path, &handler, &keeper->file,
	                          &keeper->state, fail);
	if (r < 0) {
		agent_keeper_close(keeper);
		return r;
	}
	keeper->known = keeper->state->known;
	start_stamps(keeper);
	/* What was added to the announcements of an earlier run ended with it. */
	keeper->unsaved = keeper->state->announced != NULL;
	json_decref(keeper->state->announced);
	keeper->state->announced = NULL;
	*ret = keeper;
	return 0;
}

void agent_keeper_close(struct keeper *keeper)
{
	if (!keeper)
		return;
	keeper->last_floor_due = keeper->runs;
	keeper->runs = false;
	save_last_floor(keeper);
	agent_state_file_close(keeper->file); /* it may call its handlers until it returns */
	drop_text(keeper);
	profile_state_free(keeper->state);
	ls_stamps_free(keeper->stamps);
	free(keeper->path);
	free(keeper);
}

void agent_keeper_set_tunnel(struct keeper *keeper, struct tunnel *tunnel)
{
	keeper->tunnel = tunnel;
	keeper->runs = keeper->runs || tunnel;
}

struct ls_stamps *agent_keeper_stamps(struct keeper *keeper)
{
	return keeper->stamps;
}

struct known_hosts *agent_keeper_known(struct keeper *keeper)
{
	return &keeper->known;
}

const struct node_state *agent_keeper_state(const struct keeper *keeper)
{
	return keeper->state;
}
