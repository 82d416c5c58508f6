# SPDX-License-Identifier: Apache-2.0
"""Clocks that a test can set for single programs; wrong_clock.c is the other half."""
import os
import struct

from server_fixtures import PROGRAM

SHIM = os.path.join(os.path.dirname(PROGRAM), "tests", "net", "wrong_clock.so")
HOUR, DAY, YEAR = 3600, 86400, 365 * 86400


class WrongClock:
    """Programs started with `environment` see the clocks as they were last set here."""

    def __init__(self, file):
        self.file = file
        self.set(0)
        # Programs that the sanitizer instruments want its runtime first; this library has none.
        checks = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.environment = {"LD_PRELOAD": SHIM, "WRONG_CLOCK": file, "ASAN_OPTIONS": checks}

    def set(self, wall, boot=0):
        """Both in seconds off the host's clocks."""
        mode = "r+b" if os.path.exists(self.file) else "wb"
        with open(self.file, mode) as file:
            file.write(struct.pack("=qq", int(wall * 10**9), int(boot * 10**9)))
