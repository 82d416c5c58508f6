#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Usage: http_proxy.py PORT [USER:PASSWORD | refuse]   An HTTP proxy that says what it sees.

Logs `ready`, then for each connection its request line, `asks=LINE`, and what it saw of the
tunnel's inside: `plain` where HTTP could be read in it."""
import base64
import socket
import sys
import threading
import urllib.parse


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(4096)
        if not data:
            return None, b""
        head += data
    head, rest = head.split(b"\r\n\r\n", 1)
    return head.decode("latin-1").split("\r\n"), rest


def pump(source, sink, seen):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            if b"HTTP/1." in data or b"Authorization" in data:
                seen.append("plain")
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def answer(connection, status):
    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nproxy".encode())
    connection.close()


def serve(connection, rule):
    lines, rest = read_head(connection)
    if lines is None:
        connection.close()
        return
    print(f"asks={lines[0]}", flush=True)
    method, target, _ = lines[0].split(" ")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    if rule == "refuse":
        answer(connection, "403 Forbidden")
        return
    wanted = rule and "Basic " + base64.b64encode(rule.encode()).decode()
    if wanted and headers.get("Proxy-Authorization") != wanted:
        answer(connection, "407 Proxy Authentication Required")
        return
    if method == "CONNECT":
        host, port = target.rsplit(":", 1)
    else:
        parts = urllib.parse.urlsplit(target)
        host, port = parts.hostname, parts.port or 80
    try:
        server = socket.create_connection((host.strip("[]"), int(port)), timeout=10)
    except OSError:
        answer(connection, "502 Bad Gateway")
        return
    server.settimeout(None)
    seen = []
    if method == "CONNECT":
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        kept = [line for line in lines[1:] if not line.startswith("Proxy-")]
        rest = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "", ""]).encode() + rest
    server.sendall(rest)
    back = threading.Thread(target=pump, args=(server, connection, seen), daemon=True)
    back.start()
    pump(connection, server, seen)
    back.join()
    print(f"ended {' '.join(seen)}", flush=True)


def main():
    rule = sys.argv[2] if len(sys.argv) > 2 else None
    listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6,
                                    dualstack_ipv6=True, backlog=32)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, rule), daemon=True).start()


main()
