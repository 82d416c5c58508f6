# SPDX-License-Identifier: Apache-2.0
"""coturn as a real STUN server, and a look at a mapping with other eyes than the client's."""
import os
import socket
import struct

from lab import wait_for

PORT = 3478
PROGRAM = "/usr/bin/turnserver"
COOKIE = 0x2112A442


class StunServer:
    """turnserver on a host, on both families. The package's own service has no part in it."""

    def __init__(self, lab, host):
        self.host = host
        self.process = host.ns.start(
            host.name, PROGRAM, "-n", "--stun-only", "--no-auth", "--no-cli", "--no-tls",
            "--no-dtls", "--no-tcp", "--log-file", "stdout", "--simple-log",
            "--pidfile", os.path.join(lab.directory, f"{host.name}.pid"),
            "--userdb", os.path.join(lab.directory, f"{host.name}.db"),
            "--listening-port", PORT, "--listening-ip", host.ipv4, "--listening-ip", host.ipv6)
        for address in (host.ipv4, host.ipv6):
            wait_for(lambda: self.process.running() and seen_by(host.ns, address), 20,
                     f"{host.name} on {address}")

    @property
    def v4(self):
        return f"{self.host.ipv4}:{PORT}"

    @property
    def v6(self):
        return f"[{self.host.ipv6}]:{PORT}"


def _ask(address, local_port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind(("", local_port))
        sock.settimeout(1)
        head = struct.pack("!HHI", 1, 0, COOKIE) + os.urandom(12)
        sock.sendto(head, (address, PORT))
        try:
            data = sock.recv(2048)
        except OSError:
            return None
    mask, at = head[4:], 20
    while at < len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        if kind == 0x0020:
            value = data[at + 4:at + 4 + length]
            port = struct.unpack_from("!H", value, 2)[0] ^ COOKIE >> 16
            ip = socket.inet_ntop(family, bytes(a ^ b for a, b in zip(value[4:], mask)))
            return f"[{ip}]:{port}" if family == socket.AF_INET6 else f"{ip}:{port}"
        at += 4 + (length + 3) // 4 * 4
    return None


def seen_by(ns, address, local_port=0):
    """The endpoint that a STUN server there sees a packet from this port of the namespace come
    from; None without an answer."""
    return ns.call(_ask, address, local_port)
