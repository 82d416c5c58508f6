# SPDX-License-Identifier: Apache-2.0
"""What one test builds and what is removed after it."""
import itertools
import os
import signal

from .build import build_directory
from .lightscale import Client, Server
from .netns import PREFIX, Namespace
from .topology import Internet
from .wait import WaitTimeout, wait_for

_counter = itertools.count(1)
UAPI_DIR = "/var/run/wireguard"


def _base36(number):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
        if number == 0:
            return text


class Lab:
    """Use as a context manager; `directory` is private to it."""

    def __init__(self, directory, build_dir=None):
        self.directory = str(directory)
        self.log_dir = os.path.join(self.directory, "logs")
        os.makedirs(self.log_dir, exist_ok=True)
        self.build_dir = build_directory(build_dir)
        self.number = next(_counter)
        # Starts profile and interface names: unique on the machine, short enough for `ls-<tag>`.
        self.tag = _base36(os.getpid()) + _base36(self.number)
        self._namespaces = []
        self._names = set()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()

    def program(self, name):
        path = os.path.join(self.build_dir, name)
        assert os.access(path, os.X_OK), f"{path} is missing: run scripts/build first"
        return path

    def namespace(self, role):
        assert role not in self._names, f"{role} exists already in this lab"
        self._names.add(role)
        ns = Namespace(f"{PREFIX}{os.getpid()}x{self.number}-{role}", self.log_dir)
        self._namespaces.append(ns)
        return ns

    def internet(self):
        return Internet(self)

    def server(self, host, **options):
        """A running lightscale-server on that host."""
        server = Server(self, host, **options)
        server.start()
        return server

    def client(self, host, server=None, name=None, **options):
        """A lightscale-client with files of its own; nothing runs yet."""
        return Client(self, host, name or host.name, server=server, **options)

    def processes(self):
        return [process for ns in self._namespaces for process in ns.processes]

    def check(self):
        """Raises when a sanitizer complained in any program."""
        for process in self.processes():
            process.check_sanitizers()

    def logs(self, lines=60):
        """The end of every log, for a failed test's report."""
        text = []
        for name in sorted(os.listdir(self.log_dir)):
            with open(os.path.join(self.log_dir, name), encoding="utf-8", errors="replace") as file:
                tail = file.read().splitlines()[-lines:]
            text.append(f"--- {name}\n" + "\n".join(tail))
        return "\n".join(text)

    def remove(self):
        """Programs get their chance to remove what they made outside of their namespace, such as
        UAPI sockets, before the namespaces go."""
        processes = [process for process in self.processes() if process.running()]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        try:
            wait_for(lambda: not any(process.running() for process in processes), timeout=3)
        except WaitTimeout:
            pass  # a test may have stopped or frozen one; the namespaces end them all
        for ns in reversed(self._namespaces):
            ns.remove()
        for name in os.listdir(UAPI_DIR) if os.path.isdir(UAPI_DIR) else ():
            # What a killed program left there.
            if name.startswith((f"ls-{self.tag}", f"t{self.tag}")):
                os.unlink(os.path.join(UAPI_DIR, name))
