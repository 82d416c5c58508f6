#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_wg_message: tests/fuzz/make_wg_corpus.py tests/fuzz/corpus/wg_message"""

import os
import struct
import sys

RAW, WITH_MAC, INNER, SEND, TIME = range(5)


def step(kind, data=b"", ms=None):
    return bytes([kind]) + struct.pack("<H", len(data) if ms is None else ms) + data


def v4(total, claimed=None):
    return struct.pack(">BBH", 0x45, 0, total if claimed is None else claimed) + bytes(total - 4)


def v6(payload, claimed=None):
    return struct.pack(">IHBB", 6 << 28, payload if claimed is None else claimed, 59,
                       64) + bytes(32 + payload)


SEEDS = {
    "empty": b"",
    "short_messages": b"".join(step(RAW, bytes([t, 0, 0, 0])[:n])
                               for t in range(6) for n in range(5)),
    "every_type_every_length": b"".join(
        step(RAW, struct.pack("<I", t) + bytes(n - 4))
        for t in (0, 1, 2, 3, 4, 5, 0x101) for n in (4, 16, 31, 32, 33, 64, 92, 148, 149)),
    "forged_initiation": step(WITH_MAC, struct.pack("<II", 1, 7) + b"\x09" * 140),
    "zero_ephemeral": step(WITH_MAC, struct.pack("<II", 1, 7) + bytes(140)),
    "forged_response": step(WITH_MAC, struct.pack("<III", 2, 7, 8) + b"\x09" * 80),
    "handshake_flood": step(WITH_MAC, struct.pack("<II", 1, 7) + b"\x09" * 140) * 40,
    "unknown_session": step(RAW, struct.pack("<IIQ", 4, 99, 0) + bytes(48)),
    "counter_at_the_end": step(RAW, struct.pack("<IIQ", 4, 99, 2**64 - 1) + bytes(16)),
    "large": step(RAW, struct.pack("<IIQ", 4, 1, 1) + bytes(2000)),
    "inner_v4": step(INNER, v4(64)) + step(INNER, v4(20)) + step(INNER, v4(1420)),
    "inner_v6": step(INNER, v6(24)) + step(INNER, v6(0)),
    "inner_keepalive": step(INNER) * 3,
    "inner_lies": b"".join(step(INNER, v4(40, c)) for c in (0, 19, 20, 41, 65535)) +
                  b"".join(step(INNER, v6(8, c)) for c in (0, 9, 65535)),
    "inner_no_ip": b"".join(step(INNER, bytes([v << 4]) * n)
                            for v in range(16) for n in (1, 19, 20, 39, 40)),
    "out": step(SEND, v4(64)) + step(SEND, v6(24)) + step(SEND, b"x") + step(SEND),
    "a_day": (step(SEND, v4(64)) + step(TIME, ms=60000) + step(INNER, v4(64)) +
              step(TIME, ms=12000)) * 30,
    "idle_until_zeroed": step(SEND, v4(64)) + step(TIME, ms=60000) * 11 + step(SEND, v4(64)),
}

for name, data in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(data)
