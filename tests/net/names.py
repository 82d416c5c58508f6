# SPDX-License-Identifier: Apache-2.0
"""A name server for one namespace: A and AAAA records of a table, NXDOMAIN for all else."""
import os
import socket
import struct
import threading

A, AAAA = 1, 28
NXDOMAIN = 3


def _question(data):
    """The name asked for, the type, and where the question ends."""
    labels, at = [], 12
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("ascii"))
        at += 1 + data[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", data, at + 1)[0], at + 5


class Names:
    """Serves on a host; `use` makes programs in a namespace ask it, `remove` undoes that."""

    def __init__(self, host, table):
        self.host = host
        self.table = table
        self.asked = []
        self._folders = []
        self._socket = host.ns.call(self._open)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _open(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((self.host.ipv4, 53))
        return sock

    def _answer(self, data):
        name, kind, end = _question(data)
        self.asked.append(name)
        family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
        records = [socket.inet_pton(family, address) for address in self.table.get(name, ())
                   if family and (":" in address) == (kind == AAAA)]
        code = 0 if name in self.table else NXDOMAIN
        answer = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        answer += data[12:end]
        for record in records:
            answer += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(record)) + record
        return answer

    def _serve(self):
        while True:
            data, source = self._socket.recvfrom(2048)
            if not data:
                return  # an empty datagram is the end
            self._socket.sendto(self._answer(data), source)

    def use(self, ns):
        folder = f"/etc/netns/{ns.name}"
        os.makedirs(folder)
        self._folders.append(folder)
        with open(os.path.join(folder, "resolv.conf"), "w", encoding="ascii") as file:
            file.write(f"nameserver {self.host.ipv4}\noptions timeout:1 attempts:1\n")

    def remove(self):
        for folder in self._folders:
            os.unlink(os.path.join(folder, "resolv.conf"))
            os.rmdir(folder)
        self.host.ns.call(self._stop)
        self._thread.join(5)
        self._socket.close()

    def _stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", (self.host.ipv4, 53))
