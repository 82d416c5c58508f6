# SPDX-License-Identifier: Apache-2.0
"""A name server that a test scripts: late, silent, truncating, forging. Over UDP and TCP.

    server = NameServer(ns, "192.0.2.1", zone({"a.test": ["192.0.2.7"]}, late={"A": 1.0}))

What it answers is a function from a Question to an Answer, to a list of them that are all sent, or
to None for silence.
"""
import dataclasses
import os
import socket
import struct
import threading

TYPES = {1: "A", 28: "AAAA"}
NUMBERS = {"A": 1, "CNAME": 5, "AAAA": 28}
SERVFAIL, NXDOMAIN = 2, 3
PORT = 53


@dataclasses.dataclass(frozen=True)
class Question:
    name: str  # lower case, without the last dot
    kind: str  # "A", "AAAA", or the number of another type
    tcp: bool


@dataclasses.dataclass(frozen=True)
class Answer:
    records: tuple = ()  # (owner, kind, address or name)
    code: int = 0
    after: float = 0.0  # seconds
    truncated: bool = False
    wrong_id: bool = False
    other_port: bool = False  # sent from another port than it was asked on


def _encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode("ascii")
                    for label in name.split(".")) + b"\0"


def _encode_record(owner, kind, value):
    if kind == "CNAME":
        data = _encode_name(value)
    else:
        data = socket.inet_pton(socket.AF_INET6 if kind == "AAAA" else socket.AF_INET, value)
    return _encode_name(owner) + struct.pack("!HHIH", NUMBERS[kind], 1, 60, len(data)) + data


def _decode(data, tcp):
    """The question, and where it ends."""
    labels, at = [], 12
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("ascii"))
        at += 1 + data[at]
    kind, = struct.unpack_from("!H", data, at + 1)
    return Question(".".join(labels).lower(), TYPES.get(kind, str(kind)), tcp), at + 5


def _encode(query, end, answer):
    identity = query[:2] if not answer.wrong_id else bytes([query[0] ^ 1, query[1]])
    flags = 0x8180 | answer.code | (0x0200 if answer.truncated else 0)
    return (identity + struct.pack("!HHHHH", flags, 1, len(answer.records), 0, 0) + query[12:end]
            + b"".join(_encode_record(*record) for record in answer.records))


def zone(table, late=None):
    """Answers from a table of name: addresses; NXDOMAIN for all else. `late`: kind: seconds."""
    def answer(question):
        if question.name not in table:
            return Answer(code=NXDOMAIN)
        records = tuple((question.name, question.kind, address)
                        for address in table[question.name]
                        if (":" in address) == (question.kind == "AAAA"))
        return Answer(records, after=(late or {}).get(question.kind, 0.0))
    return answer


class NameServer:
    """Serves in a namespace on one address, which may have a zone, until `close`."""

    def __init__(self, ns, address, answer):
        self.ns = ns
        self.answer = answer
        self.asked = []
        family, _, _, _, self._address = socket.getaddrinfo(
            address, PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0] \
            if "%" not in address else ns.call(self._scoped, address)
        self._family = family
        self._udp, self._tcp, self._other = ns.call(self._open)
        self._timers = []
        for function in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=function, daemon=True).start()

    @staticmethod
    def _scoped(address):
        return socket.getaddrinfo(address, PORT, type=socket.SOCK_DGRAM)[0]

    def _open(self):
        udp = socket.socket(self._family, socket.SOCK_DGRAM)
        udp.bind(self._address)
        tcp = socket.create_server(self._address, family=self._family)
        other = socket.socket(self._family, socket.SOCK_DGRAM)
        other.bind((self._address[0], 0, *self._address[2:]))
        return udp, tcp, other

    def _answers(self, query, tcp):
        question, end = _decode(query, tcp)
        self.asked.append(question)
        answers = self.answer(question)
        if answers is None:
            return []
        answers = answers if isinstance(answers, list) else [answers]
        return [(answer, _encode(query, end, answer)) for answer in answers]

    def _later(self, seconds, function, *args):
        timer = threading.Timer(seconds, function, args)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _serve_udp(self):
        while True:
            try:
                query, source = self._udp.recvfrom(2048)
            except OSError:
                return
            if not query:
                return  # an empty datagram is the end
            for answer, data in self._answers(query, tcp=False):
                sender = self._other if answer.other_port else self._udp
                if answer.after:
                    self._later(answer.after, sender.sendto, data, source)
                else:
                    sender.sendto(data, source)

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,),
                             daemon=True).start()

    def _serve_connection(self, connection):
        with connection, connection.makefile("rb") as stream:
            while len(head := stream.read(2)) == 2:
                query = stream.read(struct.unpack("!H", head)[0])
                for _, data in self._answers(query, tcp=True):
                    connection.sendall(struct.pack("!H", len(data)) + data)

    def close(self):
        for timer in self._timers:
            timer.cancel()
        self._tcp.shutdown(socket.SHUT_RDWR)  # wakes accept
        self.ns.call(self._stop)
        for sock in (self._udp, self._tcp, self._other):
            sock.close()

    def _stop(self):
        with socket.socket(self._family, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", self._address)


class HostFiles:
    """Files of /etc that the programs of one namespace see in place of the host's."""

    def __init__(self, ns):
        self.directory = f"/etc/netns/{ns.name}"
        os.makedirs(self.directory)

    def write(self, name, text):
        """Programs that run see a change, as the file is written in place."""
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    def remove(self):
        for name in os.listdir(self.directory):
            os.unlink(os.path.join(self.directory, name))
        os.rmdir(self.directory)
