# SPDX-License-Identifier: Apache-2.0
"""The server under a service manager: sockets that are passed to it, what it tells, its units."""
import contextlib
import http.client
import os
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from authority import Authority
from lab.process import program_environment
from lab.wait import wait_for
from server_fixtures import ADMIN, PROGRAM, TOP

FILES = 60  # that a full server may open
ACTIVATE = shutil.which("systemd-socket-activate")
BUILD = os.path.realpath(os.path.dirname(PROGRAM))
UNITS = [os.path.join(BUILD, "packaging/lightscale-server.service"),
         os.path.join(TOP, "packaging/linux/lightscale-server.socket")]


class Manager:
    """Plays the manager's side of sd_listen_fds(3) and sd_notify(3) for one server."""

    def __init__(self, directory):
        self.directory = directory
        self.log_path = str(directory / "server.log")
        self.sockets = []
        self.process = None
        self.told = ""
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(directory / "notify"))
        self.notify.setblocking(False)

    def listen(self, address="127.0.0.1", kind=socket.SOCK_STREAM):
        made = socket.socket(socket.AF_INET, kind)
        made.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            made.listen(16)
        self.sockets.append(made)
        return made.getsockname()[1]

    def start(self, *args, names=(), env=None, prefix=()):
        """The sockets become descriptors 3, 4, .. of the server."""
        numbers = [made.fileno() for made in self.sockets]
        # In two steps, since one's target may be another's source; above both, room for the copies.
        moves = " ".join([f"{40 + i}<&{number}" for i, number in enumerate(numbers)] +
                         [f"{3 + i}<&{40 + i}" for i in range(len(numbers))] +
                         [f"{40 + i}<&-" for i in range(len(numbers))])
        environment = {"LIGHTSCALE_ADMIN_TOKEN": ADMIN, "LISTEN_FDS": str(len(numbers)),
                       "NOTIFY_SOCKET": str(self.directory / "notify"), **(env or {})}
        if names:
            environment["LISTEN_FDNAMES"] = ":".join(names)
        command = [*prefix, PROGRAM, "--state", str(self.directory / "server.db"), *args]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", f'export LISTEN_PID=${{MEANT_FOR:-$$}}; exec "$@" {moves}', "bash", *command],
                pass_fds=numbers, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=program_environment(environment))
        return self

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def hears(self, text):
        """Waits until the server has told that; all it ever told is kept."""
        def told():
            while True:
                try:
                    self.told += self.notify.recv(4096).decode() + "\n"
                except BlockingIOError:
                    return text in self.told
        wait_for(told, 20, f"the server to tell {text}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(20) == 0, self.log()
        return self.process and self.process.returncode

    def close(self):
        try:
            self.stop()
        finally:
            for made in (*self.sockets, self.notify):
                made.close()
            if self.process and self.process.poll() is None:
                self.process.kill()


def pending(pid):
    """The signals that have not been delivered yet."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return any(int(line.split()[1], 16) for line in file
                   if line.startswith(("SigPnd:", "ShdPnd:")))


@pytest.fixture
def manager(tmp_path):
    made = Manager(tmp_path)
    yield made
    made.close()


def healthy(port, context=None):
    kind = http.client.HTTPConnection if context is None else http.client.HTTPSConnection
    connection = kind("127.0.0.1", port, timeout=20, **({"context": context} if context else {}))
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"ok"
    finally:
        connection.close()


def test_manager_with_an_abstract_socket(manager):
    """The sandbox leaves it open, for what is told after the start, too."""
    name = f"lightscale-test-{os.getpid()}"
    manager.notify.close()
    manager.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.notify.bind("\0" + name)
    manager.notify.setblocking(False)
    manager.listen()
    manager.start(env={"NOTIFY_SOCKET": "@" + name}).hears("READY=1")
    manager.stop()
    manager.hears("STOPPING=1")


@pytest.mark.main_subset
def test_passed_sockets_are_answered(manager):
    ports = [manager.listen(), manager.listen()]
    manager.start().hears("READY=1")
    assert all(healthy(port) for port in ports)
    # Nothing else is listened on: the port that is the default without any socket, too.
    addresses = re.findall(r"event=server\.listening address=\S+:(\d+) scheme=(\S+)", manager.log())
    assert addresses == [(str(port), "http") for port in ports]


def test_requests_wait_for_the_server(manager):
    """A connection that came before the server is answered by it, and none is refused between
    one server and the next."""
    port = manager.listen()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/healthz")
    manager.start()
    assert connection.getresponse().read() == b"ok"
    connection.close()
    manager.stop()
    connection.request("GET", "/healthz")
    manager.start()
    assert connection.getresponse().read() == b"ok"
    connection.close()


def test_names_say_what_a_socket_is_for(manager, tmp_path):
    authority = Authority(tmp_path / "authority")
    certificate = authority.issue("127.0.0.1")
    plain, secure = manager.listen(), manager.listen()
    manager.start("--tls-cert", certificate.path, "--tls-key", certificate.key_path,
                  "--tls-listen", "127.0.0.1:0", names=("web", "https")).hears("READY=1")
    context = ssl.create_default_context(cafile=authority.root.path)
    assert healthy(plain) and healthy(secure, context)
    assert "scheme=https" in manager.log()


def test_unnamed_sockets_are_what_listen_would_be(manager, tmp_path):
    authority = Authority(tmp_path / "authority")
    certificate = authority.issue("127.0.0.1")
    port = manager.listen()
    manager.start("--tls-cert", certificate.path, "--tls-key", certificate.key_path)
    manager.hears("READY=1")
    context = ssl.create_default_context(cafile=authority.root.path)
    assert healthy(port, context)


def test_a_socket_for_metrics_alone_is_not_all(manager):
    """As with --metrics-listen: the API is answered where it is by default."""
    manager.listen()
    # In a network of its own, where that port is free.
    manager.start(names=("metrics",), prefix=("unshare", "--net")).hears("READY=1")
    addresses = re.findall(r"event=server\.listening address=\S+:(\d+) scheme=(\S+)", manager.log())
    assert [scheme for _, scheme in addresses] == ["metrics", "http"]
    assert addresses[1][0] == "8080"


def test_options_add_to_what_is_passed(manager):
    port = manager.listen()
    manager.start("--listen", "127.0.0.1:0").hears("READY=1")
    other = int(re.findall(r"address=127\.0\.0\.1:(\d+)", manager.log())[1])
    assert other != port and healthy(port) and healthy(other)


@pytest.mark.parametrize("kind,names,status,text", [
    (socket.SOCK_DGRAM, ("udp",), 1, 'passes "udp", which is no listening TCP socket'),
    (socket.SOCK_STREAM, ("https",), 2, "a socket named https: that needs --tls-cert"),
])
def test_sockets_that_are_of_no_use(manager, kind, names, status, text):
    manager.listen(kind=kind)
    manager.start(names=names)
    assert manager.process.wait(20) == status
    assert text in manager.log() and manager.log().count("\n") == 1


def test_another_process_s_sockets_are_not_taken(manager):
    """LISTEN_PID says whose they are; a child of the one that was meant must leave them alone."""
    manager.listen()
    manager.start("--listen", "127.0.0.1:0", env={"MEANT_FOR": str(os.getpid())}).hears("READY=1")
    assert manager.log().count("event=server.listening") == 1


@pytest.mark.main_subset
def test_what_the_manager_is_told(manager, tmp_path):
    certificate = Authority(tmp_path / "authority").issue("127.0.0.1")
    port = manager.listen()
    manager.start("--tls-cert", certificate.path, "--tls-key", certificate.key_path,
                  env={"WATCHDOG_USEC": "200000"})
    manager.hears("READY=1")
    assert healthy(port, ssl._create_unverified_context())  # pylint: disable=protected-access
    manager.hears("WATCHDOG=1")
    manager.told = ""
    manager.process.send_signal(signal.SIGHUP)
    manager.hears("READY=1")
    assert re.search(r"RELOADING=1\nMONOTONIC_USEC=\d+\n(.*\n)*READY=1", manager.told)
    manager.process.send_signal(signal.SIGTERM)
    manager.hears("STOPPING=1")
    assert manager.process.wait(20) == 0


def test_the_manager_hears_a_server_that_is_full(manager):
    """It would end one that says nothing for too long."""
    port = manager.listen()
    # Rare enough that what nobody reads meanwhile does not fill the manager's socket.
    manager.start(env={"WATCHDOG_USEC": "2000000"}).hears("WATCHDOG=1")
    resource.prlimit(manager.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    held = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(FILES)]
    wait_for(lambda: "event=server.full" in manager.log(), 20, "a full server")
    # What was told before.
    with contextlib.suppress(BlockingIOError):
        while manager.notify.recv(4096):
            pass
    manager.told = ""
    manager.hears("WATCHDOG=1")
    manager.process.send_signal(signal.SIGTERM)
    manager.hears("STOPPING=1")
    for connection in held:
        connection.close()


def test_nothing_is_told_after_the_stop(manager):
    """Signals that come while a request keeps the server from ending."""
    port = manager.listen()
    manager.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    manager.start().hears("READY=1")
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", port))
        # The answer is longer than what the two ends hold, and nobody reads it.
        reader.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n")
        assert select.select([reader], [], [], 20)[0]
        manager.process.send_signal(signal.SIGTERM)
        manager.hears("STOPPING=1")
        assert "event=server.stopping in_flight=1" in manager.log()
        manager.process.send_signal(signal.SIGHUP)
        manager.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not pending(manager.process.pid), 20, "the server to take the signals")
    assert manager.process.wait(20) == 0
    manager.hears("STOPPING=1")
    assert manager.told.split().count("STOPPING=1") == 1
    assert "RELOADING=1" not in manager.told
    assert manager.told.count("READY=1") == 1


def test_ready_is_not_told_before_the_state_is_there(manager, tmp_path):
    (tmp_path / "server.db").write_text("this is no database, and it is longer than a header" * 99)
    manager.listen()
    manager.start()
    assert manager.process.wait(20) == 1
    with pytest.raises(BlockingIOError):
        manager.notify.recv(4096)


@pytest.mark.skipif(not ACTIVATE, reason="no systemd here: it can't be installed on this host")
def test_systemd_activates_it(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(tmp_path / "log", "wb") as log:
        activator = subprocess.Popen(
            [ACTIVATE, "-l", f"127.0.0.1:{port}", "-E", "LIGHTSCALE_ADMIN_TOKEN", "--fdname=http",
             PROGRAM, "--state", str(tmp_path / "server.db")], stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, env=program_environment({"LIGHTSCALE_ADMIN_TOKEN": ADMIN}))
    try:
        def answers():
            try:
                return healthy(port)
            except OSError:
                return False
        wait_for(answers, 20, "the activated server")
    finally:
        activator.send_signal(signal.SIGTERM)
        assert activator.wait(20) == 0, (tmp_path / "log").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_units(tmp_path):
    """systemd understands every line of them, and finds the service well fenced in."""
    for unit in UNITS:
        shutil.copy(unit, tmp_path)
    service = tmp_path / "lightscale-server.service"
    # The program is where it was built, not yet where it will be installed.
    service.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={os.path.realpath(PROGRAM)}",
                              service.read_text()))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(service),
                           str(tmp_path / "lightscale-server.socket")], capture_output=True,
                          text=True, timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "lightscale" in line]
    assert said == [] and done.returncode == 0, done
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", str(service)],
                          capture_output=True, text=True, timeout=60, check=False)
    exposure = re.search(r"Overall exposure level for lightscale-server.service: ([0-9.]+)",
                         done.stdout)
    assert exposure and float(exposure.group(1)) < 2.0, done


def group(name):
    """The system calls of one of systemd's groups, with those of the groups in it."""
    lines = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name], check=True,
                           capture_output=True, text=True, timeout=60).stdout.split("\n")
    words = {line.strip() for line in lines[1:] if line.startswith("    ")}
    words = {word for word in words if word and not word.startswith("#")}
    return {call for word in words
            for call in (group(word) if word.startswith("@") else {word})}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_unit_lets_the_server_do_what_it_does(tmp_path):
    """The unit's filter has the calls that the server leaves itself, and those of its start."""
    allowed = set()
    with open(UNITS[0], encoding="utf-8") as file:
        for line in re.findall(r"^SystemCallFilter=(.*)", file.read(), re.MULTILINE):
            for word in line.lstrip("~").split():
                calls = group(word) if word.startswith("@") else {word}
                allowed = allowed - calls if line.startswith("~") else allowed | calls
    needed = {"capset", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
              "seccomp", "prctl", "socket", "bind", "listen", "execve", "mmap", "mprotect",
              "setrlimit"}
    for path, name in (("process/sandbox.c", "common"), ("run.c", r"\w+_calls")):
        with open(os.path.join(TOP, "src/server", path), encoding="utf-8") as file:
            tables = re.findall(name + r"\[\] = \{(.*?)\};", file.read(), re.DOTALL)
        assert tables
        needed |= set(re.findall(r'"(\w+)"', " ".join(tables)))
    # SQLite gives a file to its owner only when it runs as root.
    assert needed - allowed == {"fchown"}
