/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/timers.h"

#include <assert.h>

#include "base/clock.h"
#include "wg/engine.h"

static void arm(struct wg_peer *peer, uint64_t *deadline_ns, uint64_t at_ns)
{
	*deadline_ns = at_ns;
	if (at_ns < peer->timers.wake.at_ns)
		wg_deadlines_set(&peer->dev->deadlines, &peer->timers.wake, at_ns);
}

/* True when the timer is due; turns it off. */
static bool take(uint64_t *deadline_ns, uint64_t now_ns)
{
	if (*deadline_ns > now_ns)
		return false;
	*deadline_ns = LS_NEVER;
	return true;
}

static uint64_t earliest(const struct wg_timers *t)
{
	const uint64_t all[] = {t->retransmit_ns, t->keepalive_ns, t->new_session_ns,
	                        t->zero_keys_ns, t->persistent_ns};
	uint64_t first = LS_NEVER;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] < first)
			first = all[i];
	}
	return first;
}

/* Uniform in [0, WG_JITTER_MAX_NS], by SplitMix64 (Steele, Lea, Flood 2014). Jitter needs no
 * secrecy, and must not cost a system call for each packet that starts a timer. */
static uint64_t jitter_ns(struct wg_device *dev)
{
	uint64_t z = dev->jitter_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % (WG_JITTER_MAX_NS + 1);
}

void wg_timers_init(struct wg_peer *peer)
{
	wg_timers_forget(peer);
	peer->timers.persistent_ns = LS_NEVER;
	wg_deadline_init(&peer->timers.wake);
}

void wg_timers_forget(struct wg_peer *peer)
{
	struct wg_timers *t = &peer->timers;

	t->retransmit_ns = t->keepalive_ns = t->new_session_ns = t->zero_keys_ns = LS_NEVER;
	t->another_keepalive = t->last_minute_sent = false;
	t->next_initiation_ns = 0;
}

enum wg_timer wg_timers_take_due(struct wg_peer *peer, uint64_t now_ns)
{
	struct wg_timers *t = &peer->timers;

	assert(t->wake.at_ns <= earliest(t));
	if (take(&t->retransmit_ns, now_ns)) {
		if (now_ns - t->attempt_since_ns < WG_REKEY_ATTEMPT_TIME_NS)
			return WG_TIMER_RETRANSMIT;
		t->keepalive_ns = LS_NEVER;
		if (t->zero_keys_ns == LS_NEVER)
			arm(peer, &t->zero_keys_ns, now_ns + WG_ZERO_KEYS_AFTER_NS);
		return WG_TIMER_GIVE_UP;
	}
	if (take(&t->keepalive_ns, now_ns))
		return WG_TIMER_KEEPALIVE;
	if (take(&t->new_session_ns, now_ns))
		return WG_TIMER_NEW_SESSION;
	if (take(&t->zero_keys_ns, now_ns))
		return WG_TIMER_ZERO_KEYS;
	if (take(&t->persistent_ns, now_ns) && peer->keepalive_s > 0) {
		/* Restarted even when nothing can be sent now. */
		wg_timers_restart_persistent(peer, now_ns);
		return WG_TIMER_PERSISTENT;
	}
	wg_deadlines_set(&peer->dev->deadlines, &t->wake, earliest(t));
	return WG_TIMER_NONE;
}

void wg_timers_speak_soon(struct wg_peer *peer, uint64_t now_ns)
{
	arm(peer, &peer->timers.persistent_ns, now_ns);
}

void wg_timers_restart_persistent(struct wg_peer *peer, uint64_t now_ns)
{
	if (peer->keepalive_s > 0)
		arm(peer, &peer->timers.persistent_ns, now_ns + peer->keepalive_s * LS_NS_PER_S);
}

void wg_timers_packet_sent(struct wg_peer *peer, uint64_t now_ns)
{
	peer->timers.keepalive_ns = LS_NEVER;
	peer->timers.another_keepalive = false;
	wg_timers_restart_persistent(peer, now_ns);
}

void wg_timers_data_sent(struct wg_peer *peer, uint64_t now_ns)
{
	struct wg_timers *t = &peer->timers;

	if (t->new_session_ns == LS_NEVER)
		arm(peer, &t->new_session_ns,
		    now_ns + WG_KEEPALIVE_TIMEOUT_NS + WG_REKEY_TIMEOUT_NS + jitter_ns(peer->dev));
}

void wg_timers_packet_received(struct wg_peer *peer, uint64_t now_ns)
{
	peer->timers.new_session_ns = LS_NEVER;
	wg_timers_restart_persistent(peer, now_ns);
}

void wg_timers_data_received(struct wg_peer *peer, uint64_t now_ns)
{
	struct wg_timers *t = &peer->timers;

	if (t->keepalive_ns == LS_NEVER)
		arm(peer, &t->keepalive_ns, now_ns + WG_KEEPALIVE_TIMEOUT_NS);
	else
		t->another_keepalive = true;
}

void wg_timers_handshake_initiated(struct wg_peer *peer, uint64_t now_ns)
{
	struct wg_timers *t = &peer->timers;

	t->next_initiation_ns = now_ns + WG_REKEY_TIMEOUT_NS;
	arm(peer, &t->retransmit_ns, t->next_initiation_ns + jitter_ns(peer->dev));
}

void wg_timers_handshake_postponed(struct wg_peer *peer, uint64_t now_ns)
{
	struct wg_timers *t = &peer->timers;
	uint64_t at_ns = t->next_initiation_ns > now_ns ? t->next_initiation_ns
	                                                : now_ns + WG_REKEY_TIMEOUT_NS;

	if (t->retransmit_ns == LS_NEVER)
		arm(peer, &t->retransmit_ns, at_ns + jitter_ns(peer->dev));
}

void wg_timers_handshake_complete(struct wg_peer *peer)
{
	peer->timers.retransmit_ns = LS_NEVER;
	peer->timers.last_minute_sent = false;
}

void wg_timers_session_derived(struct wg_peer *peer, uint64_t now_ns)
{
	arm(peer, &peer->timers.zero_keys_ns, now_ns + WG_ZERO_KEYS_AFTER_NS);
}
