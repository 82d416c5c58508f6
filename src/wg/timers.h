/* SPDX-License-Identifier: Apache-2.0 */
/* The timers of a peer (WireGuard paper, section 6). send.c and receive.c report events, this
 * module sets and clears the timers, and device.c acts on those that are due:
 *
 *  retransmit   5 s + jitter after an initiation: send another one. 90 s after the first one: give
 *               up, drop the staged packets, and start the timer "zero keys" if it is off
 *  keepalive    10 s after data arrived, if nothing was sent since: send an empty packet, so that
 *               the other side knows that we are here. Empty packets do not start this timer
 *  new session  15 s + jitter after data was sent, if nothing arrived since: start a handshake
 *  zero keys    540 s after the last session began: wipe all sessions and ephemeral keys
 *  persistent   the configured interval after any authenticated packet was sent or received: send
 *               an empty packet
 *
 * send.c and receive.c check the following themselves, without a timer, when they use a session:
 *
 *  rekey        when sending: older than 120 s as initiator, or more than 2^60 messages sent. When
 *               receiving: older than 165 s as initiator (once per session), so that a session that
 *               only receives is renewed too
 *  reject       older than 180 s, or 2^64 - 2^13 - 1 messages: the session is not used any more
 */
#ifndef LS_WG_TIMERS_H
#define LS_WG_TIMERS_H

#include <stdint.h>

struct wg_peer;

enum wg_timer {
	WG_TIMER_NONE,
	WG_TIMER_RETRANSMIT,
	WG_TIMER_GIVE_UP, /* the retransmit timer ran out after 90 s */
	WG_TIMER_KEEPALIVE,
	WG_TIMER_NEW_SESSION,
	WG_TIMER_ZERO_KEYS,
	WG_TIMER_PERSISTENT,
};

void wg_timers_init(struct wg_peer *peer);
/* The peer's sessions were dropped: turns off all timers except the persistent keepalive. A
 * handshake may start at once. */
void wg_timers_forget(struct wg_peer *peer);

/* Returns a timer that is due (the persistent one only when a keepalive is configured), and turns
 * it off, or restarts it when it is periodic. WG_TIMER_NONE: no more are due, and the next wake-up
 * is scheduled. Call this until it returns that. */
enum wg_timer wg_timers_take_due(struct wg_peer *peer, uint64_t now_ns);

/* Makes the persistent keepalive due at the next tick. */
void wg_timers_speak_soon(struct wg_peer *peer, uint64_t now_ns);
/* Restarts the interval of the persistent keepalive, if one is configured. */
void wg_timers_restart_persistent(struct wg_peer *peer, uint64_t now_ns);

/* Events. Every authenticated packet and handshake message counts as a packet; packets that are not
 * empty count as data too. A batch may report once. */
void wg_timers_packet_sent(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_data_sent(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_packet_received(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_data_received(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_handshake_initiated(struct wg_peer *peer, uint64_t now_ns);
/* A handshake was wanted but cannot start now: too soon after the last one, no endpoint, or no
 * private key. The retransmit timer tries again later and gives up after the same time. */
void wg_timers_handshake_postponed(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_handshake_complete(struct wg_peer *peer);
void wg_timers_session_derived(struct wg_peer *peer, uint64_t now_ns);

#endif
