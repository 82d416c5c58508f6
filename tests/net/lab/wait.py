# SPDX-License-Identifier: Apache-2.0
"""Waiting for a state, never for a time."""
import time

POLL_SECONDS = 0.03


class WaitTimeout(AssertionError):
    """The awaited state did not come within its time."""


def wait_for(predicate, timeout=10.0, what=None):
    """Polls until `predicate()` is true and returns its value. An AssertionError inside it counts
    as "not yet"; the last one is shown when time is up."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            value = predicate()
            if value:
                return value
            last = None
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            name = what or getattr(predicate, "__name__", "condition")
            detail = f": {last}" if last else ""
            raise WaitTimeout(f"{name} did not become true within {timeout:g} s{detail}")
        time.sleep(POLL_SECONDS)
