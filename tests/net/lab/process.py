# SPDX-License-Identifier: Apache-2.0
"""A long-running program under test and its log."""
import os
import re
import signal
import subprocess

from .wait import WaitTimeout, wait_for

SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", ": runtime error: ",
                   "WARNING: ThreadSanitizer")


def program_environment(extra=None):
    """The environment of the programs under test: nothing of the caller's profile, proxies and
    authorities leaks in, and a sanitizer's finding ends the program with a status of its own."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("LIGHTSCALE_", "XDG_", "SSL_CERT_"))
           and not key.lower().endswith("_proxy")}
    env.setdefault("ASAN_OPTIONS", "exitcode=99:abort_on_error=0:detect_leaks=1")
    env.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1:exitcode=99")
    env.update(extra or {})
    return env


class Process:
    """Standard output and error go to <log_dir>/<name>.log, which grows over restarts under the
    same name; only what this process wrote counts as its log."""

    def __init__(self, name, argv, log_dir, env=None):
        self.name = name
        self.argv = argv
        self.path = os.path.join(log_dir, f"{name}.log")
        # pylint: disable=consider-using-with
        log = open(self.path, "ab")
        self._start = log.tell()
        try:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=program_environment(env), start_new_session=True)
        finally:
            log.close()

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.path, "rb") as file:
            file.seek(self._start)
            return file.read().decode("utf-8", "replace")

    def tail(self, lines=25):
        return "\n".join(self.log().splitlines()[-lines:])

    def mark(self):
        """A position in the log for wait_log(after=...)."""
        return len(self.log())

    def wait_log(self, pattern, timeout=10.0, after=0):
        """Waits for a line that matches the regular expression; returns the match."""
        regex = re.compile(pattern, re.MULTILINE)

        def seen():
            match = regex.search(self.log(), after)
            if match is None and not self.running():
                raise RuntimeError(f"{self.name} ended with status {self.popen.returncode} "
                                   f"before /{pattern}/\n{self.tail()}")
            return match
        try:
            return wait_for(seen, timeout)
        except WaitTimeout:
            raise WaitTimeout(f"{self.name}: no line like /{pattern}/ within {timeout:g} s\n"
                              f"{self.tail()}") from None

    def send_signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=10.0):
        """Waits for the end; returns the exit status (-N for signal N)."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise WaitTimeout(f"{self.name} still runs after {timeout:g} s\n"
                              f"{self.tail()}") from None

    def stop(self, number=signal.SIGTERM, timeout=10.0):
        """Asks the program to end and asserts that it does so cleanly."""
        if self.running():
            self.send_signal(number)
        status = self.wait(timeout)
        self.check_sanitizers()
        assert status == 0, f"{self.name} ended with status {status}\n{self.tail()}"

    def kill(self):
        if self.running():
            self.popen.kill()
        self.popen.wait()

    def check_sanitizers(self):
        log = self.log()
        for mark in SANITIZER_MARKS:
            assert mark not in log, f"{self.name}: {mark}\n{log[log.index(mark):][:6000]}"
