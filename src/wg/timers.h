/* SPDX-License-Identifier: Apache-2.0 */
/* When a peer acts by itself (paper section 6). The rest of the engine reports events; what follows
 * from them is decided here alone:
 *
 *  retransmit   5 s + jitter after an initiation: send another, until 90 s after the first of the
 *               row; then give up, drop the staged packets, and forget keys as below
 *  keepalive    10 s after data came in and nothing went out: send an empty packet, so that the
 *               other side knows we are here. Empty packets do not start it: no ping-pong
 *  new session  15 s + jitter after data went out and nothing came in: start a handshake
 *  zero keys    540 s after the last session began: wipe all sessions and ephemeral keys
 *  persistent   the configured interval after any authenticated packet, either way: empty packet
 *
 * Without a timer, by looking at a session's age when it is used:
 *
 *  rekey        sending: older than 120 s as initiator, or past 2^60 messages. Receiving: older
 *               than 165 s as initiator (once a session), so that one that only receives lives on
 *  reject       older than 180 s, or past 2^64 - 2^13 - 1 messages: not used any more
 */
#ifndef LS_WG_TIMERS_H
#define LS_WG_TIMERS_H

#include <stdint.h>

struct wg_peer;

void wg_timers_init(struct wg_peer *peer);
/* The sessions are gone: all off but the persistent keepalive, and a handshake may start at once.
 */
void wg_timers_forget(struct wg_peer *peer);
/* The persistent keepalive, if it is on, speaks at the next tick. */
void wg_timers_speak_soon(struct wg_peer *peer, uint64_t now_ns);
/* Runs what is due and schedules the next wake-up. */
void wg_timers_run(struct wg_peer *peer, uint64_t now_ns);

/* Events. A packet reports all that apply: a keepalive is packet_sent, data is data_sent as well;
 * both directions of both kinds, and handshake messages, are any_authenticated. */
void wg_timers_data_sent(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_data_received(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_packet_sent(struct wg_peer *peer);
void wg_timers_packet_received(struct wg_peer *peer);
void wg_timers_any_authenticated(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_handshake_initiated(struct wg_peer *peer, uint64_t now_ns);
/* One was wanted but cannot start now: it would come too soon after the last, or nobody knows where
 * to send it. It is tried again later, and given up in the same way. */
void wg_timers_handshake_postponed(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_handshake_complete(struct wg_peer *peer);
void wg_timers_session_derived(struct wg_peer *peer, uint64_t now_ns);
/* The current session carried a packet: starts a handshake when it is nearly used up. */
void wg_timers_session_sent(struct wg_peer *peer, uint64_t now_ns);
void wg_timers_session_received(struct wg_peer *peer, uint64_t now_ns);

#endif
