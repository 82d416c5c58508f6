# SPDX-License-Identifier: Apache-2.0
"""Traffic between namespaces, with proof that all of it arrived."""
import hashlib
import random
import re
import socket
import struct
import threading

CHUNK = 1 << 18


def ping(ns, target, count=1, timeout=1, size=None, dont_fragment=False, interval=0.2):
    """True when all `count` echo requests were answered."""
    argv = ["ping", "-n", "-q", "-c", count, "-W", timeout, "-i", interval]
    if size is not None:
        argv += ["-s", size]
    if dont_fragment:
        argv += ["-M", "do"]
    done = ns.run(*argv, target, check=False, timeout=count * (timeout + 1) + 15)
    match = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    return bool(match) and match.group(1) == match.group(2) == str(count)


def _recv_exactly(conn, length):
    data = b""
    while len(data) < length:
        piece = conn.recv(length - len(data))
        assert piece, "connection closed early"
        data += piece
    return data


def _serve(listener, result):
    """Takes one stream and answers with its length and SHA-256."""
    try:
        conn, _ = listener.accept()
        with conn:
            conn.settimeout(listener.gettimeout())
            length, = struct.unpack("!Q", _recv_exactly(conn, 8))
            digest, left = hashlib.sha256(), length
            while left:
                piece = conn.recv(min(CHUNK, left))
                assert piece, f"stream ended {left} bytes early"
                digest.update(piece)
                left -= len(piece)
            conn.sendall(digest.digest())
            result["digest"] = digest.digest()
    except BaseException as error:  # shown by the sender's side
        result["error"] = error


def _listen(address, timeout):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.settimeout(timeout)
    listener.bind((address, 0))
    listener.listen(1)
    return listener


def _send(address, port, length, seed, timeout):
    generator = random.Random(seed)
    digest, left = hashlib.sha256(), length
    with socket.create_connection((address, port), timeout=timeout) as conn:
        conn.sendall(struct.pack("!Q", length))
        while left:
            piece = generator.randbytes(min(CHUNK, left))
            digest.update(piece)
            conn.sendall(piece)
            left -= len(piece)
        return digest.digest(), _recv_exactly(conn, 32)


def tcp_transfer(source, target, address, length, timeout=60.0):
    """Sends `length` random bytes from namespace `source` to `address` in namespace `target` over
    TCP and asserts that both ends computed the same SHA-256."""
    listener = target.call(_listen, address, timeout)
    result = {}
    server = threading.Thread(target=_serve, args=(listener, result))
    server.start()
    try:
        sent, answered = source.call(_send, address, listener.getsockname()[1], length,
                                     f"{address} {length}", timeout)
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes an accept() that nobody will answer
        server.join(timeout)
        listener.close()
    assert "error" not in result, f"receiver: {result['error']!r}"
    assert sent == answered == result["digest"], "the stream was changed on its way"
