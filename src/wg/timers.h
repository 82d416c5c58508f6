/* SPDX-License-Identifier: Apache-2.0 */
/* When a peer acts by itself (paper section 6). send.c and receive.c report what happened, this
 * module decides when something follows from it, and device.c does it when the time has come:
 *
 *  retransmit   5 s + jitter after an initiation: send another, until 90 s after the first of the
 *               row; then give up, drop the staged packets, and forget keys as below
 *  keepalive    10 s after data came in and nothing went out: send an empty packet, so that the
 *               other side knows we are here. Empty packets do not start it: no ping-pong
 *  new session  15 s + jitter after data went out and nothing came in: start a handshake
 *  zero keys    540 s after the last session began: wipe all sessions and ephemeral keys
 *  persistent   the configured interval after any authenticated packet, either way: empty packet
 *
 * Without a timer, send.c and receive.c look at a session's age when they use it:
 *
 *  rekey        sending: older than 120 s as initiator, or past 2^60 messages. Receiving: older
 *               than 165 s as initiator (once a session), so that one that only receives lives on
 *  reject       older than 180 s, or past 2^64 - 2^13 - 1 messages: not used any more
 */
#ifndef LS_WG_TIMERS_H
#define LS_WG_TIMERS_H

#include <stdint.h>

struct wg_peer;

enum wg_timer {
	WG_TIMER_NONE,
	WG_TIMER_RETRANSMIT,
	WG_TIMER_GIVE_UP, /* retransmit, when 90 s are over */
	WG_TIMER_KEEPALIVE,
	WG_TIMER_NEW_SESSION,
	WG_TIMER_ZERO_KEYS,
	WG_TIMER_PERSISTENT,
};

void wg_timers_init(struct wg_peer *peer);
/* The sessions are gone: all off but the persistent keepalive, and a handshake may start at once.
 */
void wg_timers_forget(struct wg_peer *peer);

/* A timer that is due, the persistent one only when a keepalive is configured. It is off then, or
 * set anew if it is periodic. WG_TIMER_NONE: nothing is due any more, and the next wake-up is
 * scheduled. To be called until then. */
enum wg_timer wg_timers_take_due(struct wg_peer *peer, uint64_t now_ns);

/* The persistent keepalive, if it is on, is due at the next tick. */
void wg_timers_speak_soon(struct wg_peer *peer, uint64_t now_ns);
/* The persistent keepalive, if it is on, counts from now. */
void wg_timers_restart_persistent(struct wg_peer *peer, uint64_t now_ns);

/* Events. Each authenticated packet and handshake message is a packet, those that are not empty
 * are data as well. A batch may report once. */
void wg_timers_packet_sent(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_data_sent(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_packet_received(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_data_received(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_handshake_initiated(struct wg_peer *peer, uint64_t now_ns);
/* One was wanted but cannot start now: it would come too soon after the last, or nobody knows where
 * to send it. It is tried again later, and given up in the same way. */
void wg_timers_handshake_postponed(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_handshake_complete(struct wg_peer *peer);
void wg_timers_session_derived(struct wg_peer *peer, uint64_t now_ns);

#endif
