# SPDX-License-Identifier: Apache-2.0
"""Network namespaces with unique names: made, entered, and always removed."""
import atexit
import ctypes
import os
import re
import signal
import subprocess
import threading

from .process import Process
from .wait import WaitTimeout, wait_for

PREFIX = "lstest"
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_live = {}


def ip(*args, check=True, stdin=None):
    """Runs ip(8); returns its output."""
    done = subprocess.run(["ip", *map(str, args)], input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """One network namespace. Owned by the lab that made it."""

    def __init__(self, name, log_dir):
        self.name = name
        self.log_dir = log_dir
        self.processes = []
        ip("netns", "add", name)
        _live[name] = self
        # Addresses are ours alone: without duplicate address detection they work at once.
        self.sysctl("net.ipv6.conf.all.accept_dad", 0)
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)
        self.ip("link", "set", "lo", "up")

    def __repr__(self):
        return f"<Namespace {self.name}>"

    def ip(self, *args, check=True):
        return ip("-n", self.name, *args, check=check)

    def command(self, argv):
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, *argv, check=True, timeout=60, stdin=None, env=None):
        """Runs a program to its end; returns subprocess.CompletedProcess with text output."""
        done = subprocess.run(self.command(argv), input=stdin, text=True, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                              check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, argv))} in {self.name}: exit "
                                 f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, name, *argv, env=None):
        """Starts a program that stays; its output goes to a log file of that name."""
        process = Process(name, self.command(argv), self.log_dir, env=env)
        self.processes.append(process)
        return process

    def call(self, function, *args, **kwargs):
        """Calls a Python function in a thread inside the namespace: its sockets live there."""
        result = {}

        def body():
            try:
                self._enter()
                result["value"] = function(*args, **kwargs)
            except BaseException as error:  # handed to the caller below
                result["error"] = error

        thread = threading.Thread(target=body, name=f"in-{self.name}")
        thread.start()
        thread.join()
        if "error" in result:
            raise result["error"]
        return result["value"]

    def _enter(self):
        fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns", self.name)
        finally:
            os.close(fd)

    def sysctl(self, key, value):
        def write():
            with open("/proc/sys/" + key.replace(".", "/"), "w", encoding="ascii") as file:
                file.write(str(value))
        self.call(write)

    def nft(self, rules):
        """Loads an nftables ruleset."""
        self.run("nft", "-f", "-", stdin=rules)

    def remove(self):
        """Ends every process inside, then removes the namespace. May be called twice."""
        if _live.pop(self.name, None) is None:
            return
        for process in self.processes:
            process.kill()
        _remove_by_name(self.name)


def _pids_in(name):
    return [int(pid) for pid in ip("netns", "pids", name, check=False).split()]


def _remove_by_name(name):
    # `ip netns pids` would find a thread of ours that is inside at this moment: never end that.
    for pid in _pids_in(name):
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    try:
        wait_for(lambda: not [p for p in _pids_in(name) if p != os.getpid()], timeout=5)
    except WaitTimeout:
        pass  # an unkillable process keeps its namespace alive, not our clean-up
    ip("netns", "delete", name, check=False)


def remove_all():
    """What is left of this process's namespaces."""
    for namespace in list(_live.values()):
        namespace.remove()


def sweep_stale():
    """Removes namespaces of earlier runs that were killed before they could clean up."""
    for line in ip("netns", "list").splitlines():
        name = line.split()[0] if line.split() else ""
        match = re.fullmatch(PREFIX + r"(\d+)x\d+-[\w-]+", name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            _remove_by_name(name)


atexit.register(remove_all)
