# SPDX-License-Identifier: Apache-2.0
"""Two WireGuard interfaces on the ends of one cable, each ours (ls_tunnel) or wireguard-go, set up
with wg(8) and ip(8):

    +--- namespace a ----+          veth          +---- namespace b ---+
    | wire 192.0.2.1/24  |------------------------| wire 192.0.2.2/24  |
    |   2001:db8::1/64   |                        |   2001:db8::2/64   |
    | tunnel 10.9.0.1/24 |. . . . . WireGuard . . | tunnel 10.9.0.2/24 |
    |        fd09::1/64  |                        |        fd09::2/64  |
    +--------------------+                        +--------------------+
"""
import os
import subprocess

from lab import ping, tcp_transfer, wait_for
from lab.topology import link

UAPI_DIR = "/var/run/wireguard"


def genkey():
    return subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()


def pubkey(private):
    return subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True,
                          check=True).stdout.strip()


class End:
    """One interface, in a namespace of its own or in `ns`."""

    def __init__(self, lab, role, kind, *options, ns=None, wrapper=()):
        self.lab = lab
        self.kind = kind
        self.ns = ns or lab.namespace(role)
        self.name = f"t{lab.tag}{role}"[:15]
        self.number = {"a": 1, "b": 2, "c": 3, "d": 4}[role]
        self.private = genkey()
        self.public = pubkey(self.private)
        self.port = 51820 + self.number
        self.options = options
        self.wrapper = wrapper  # a command that runs the program
        self.process = None

    @property
    def outer(self):
        return {4: f"192.0.2.{self.number}", 6: f"2001:db8::{self.number}"}

    @property
    def inner(self):
        return {4: f"10.9.0.{self.number}", 6: f"fd09::{self.number}"}

    @property
    def allowed(self):
        return f"{self.inner[4]}/32,{self.inner[6]}/128"

    def endpoint(self, version=4):
        address = self.outer[version]
        return f"{address}:{self.port}" if version == 4 else f"[{address}]:{self.port}"

    def start(self):
        """Runs the program and gives the interface its key, port and addresses."""
        if self.kind == "ours":
            argv = [*self.wrapper, self.lab.program("tests/net/ls_tunnel"), *self.options,
                    self.name]
        else:
            argv = ["wireguard-go", "-f", self.name]
        self.process = self.ns.start(self.name, *argv)
        if self.kind == "ours":
            self.process.wait_log("^ready$")
        sock = os.path.join(UAPI_DIR, f"{self.name}.sock")
        wait_for(lambda: os.path.exists(sock), what=sock)
        self.set("private-key", self.file("key", self.private), "listen-port", self.port)
        for version, bits in ((4, 24), (6, 64)):
            self.ns.ip("addr", "add", f"{self.inner[version]}/{bits}", "dev", self.name,
                       *(["nodad"] if version == 6 else []), check=version == 4)
        self.ns.ip("link", "set", self.name, "mtu", "1420", "up")

    def file(self, name, text):
        """A private file, for keys that wg(8) reads."""
        path = os.path.join(self.lab.directory, f"{self.name}.{name}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="ascii") as file:
            file.write(text + "\n")
        return path

    def wg(self, *args, check=True):
        return self.ns.run("wg", *args, check=check)

    def set(self, *args, check=True):
        return self.wg("set", self.name, *args, check=check)

    def add_peer(self, other, *args, version=None):
        endpoint = ["endpoint", other.endpoint(version)] if version else []
        self.set("peer", other.public, "allowed-ips", other.allowed, *endpoint, *args)

    def remove_peer(self, other):
        self.set("peer", other.public, "remove")

    def peer(self, other):
        """The fields of `wg show dump` about a peer."""
        for line in self.wg("show", self.name, "dump").stdout.splitlines()[1:]:
            fields = line.split("\t")
            if fields[0] == other.public:
                return {"psk": fields[1], "endpoint": fields[2], "allowed": fields[3],
                        "handshake": int(fields[4]), "rx": int(fields[5]),
                        "tx": int(fields[6]), "keepalive": fields[7]}
        return None


def cable(left, right):
    """Joins two namespaces of the topology above."""
    link(left.ns, "wire", right.ns, "wire")
    for end in (left, right):
        end.ns.ip("addr", "add", f"{end.outer[4]}/24", "dev", "wire")
        end.ns.ip("addr", "add", f"{end.outer[6]}/64", "dev", "wire", "nodad", check=False)


def pair(lab, kind_a, kind_b, options_a=(), options_b=()):
    """Both ends up, without peers."""
    a, b = End(lab, "a", kind_a, *options_a), End(lab, "b", kind_b, *options_b)
    cable(a, b)
    a.start()
    b.start()
    return a, b


def connected_pair(lab, kind_a, kind_b, version=4, options_a=(), options_b=()):
    """Both ends know each other; a knows where b is and has reached it."""
    a, b = pair(lab, kind_a, kind_b, options_a, options_b)
    a.add_peer(b, version=version)
    b.add_peer(a)
    assert_reach(a, b)
    return a, b


def assert_reach(a, b, versions=(4, 6), timeout=10):
    for version in versions:
        wait_for(lambda v=version: ping(a.ns, b.inner[v]), timeout,
                 what=f"ping from {a.name} to {b.inner[version]}")


def assert_transfers(a, b, length, versions=(4, 6)):
    """TCP both ways over both versions."""
    for version in versions:
        tcp_transfer(a.ns, b.ns, b.inner[version], length)
        tcp_transfer(b.ns, a.ns, a.inner[version], length)
