# SPDX-License-Identifier: Apache-2.0
"""HTTPS at the server: its listeners, its certificate and what it refuses."""
import http.client
import os
import shutil
import signal
import socket
import ssl

import pytest

from certificates import self_signed
from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, Waiter

pytestmark = pytest.mark.main_subset


@pytest.fixture
def pair(tmp_path):
    return self_signed(tmp_path)


@pytest.fixture
def server(tmp_path, pair):
    made = LocalServer(tmp_path, "--tls-cert", pair[0], "--tls-key", pair[1])
    yield made
    made.close()


def context_for(cert):
    return ssl.create_default_context(cafile=cert)


def get(port, cert, path="/healthz", headers=None):
    connection = http.client.HTTPSConnection("localhost", port, timeout=20,
                                             context=context_for(cert))
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def peer_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_only_listen_is_tls(server, pair):
    server.start()
    assert "scheme=https" in server.log() and "scheme=http\n" not in server.log()
    assert get(server.port, pair[0]) == (200, b"ok")
    status, body = get(server.port, pair[0], "/v1/networks",
                       {"Authorization": "Bearer " + ADMIN})
    assert status == 200 and body == b'{"networks":[]}'
    assert get(server.port, pair[0], "/nowhere")[0] == 404


def test_both_kinds_of_listener(server, pair):
    server.args += ["--tls-listen", "127.0.0.1:0"]
    server.listen = ("127.0.0.1:0", )
    server.start()
    wait_for(lambda: server.log().count("event=server.listening") == 2, 10, "both listeners")
    ports = {line.split("scheme=")[1]: int(line.split("address=127.0.0.1:")[1].split()[0])
             for line in server.log().splitlines() if "server.listening" in line}
    assert server.request("GET", "/healthz", token=None).status == 200
    assert server.port == ports["http"]
    assert get(ports["https"], pair[0]) == (200, b"ok")


def test_plain_http_to_the_tls_port(server):
    server.start()
    answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert f"Content-Length: {len(body)}".encode() in head
    assert body == b'{"error":"this port speaks HTTPS; use an https:// URL for it"}'
    assert b"HTTP" not in server.raw(b"\x16\x03\x01nonsense that is no handshake" * 10)


def test_old_tls_is_refused(server, pair):
    server.start()
    context = context_for(pair[0])
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", server.port)) as conn:
        with pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(conn, server_hostname="localhost")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = context_for(pair[0])
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", server.port)) as conn:
            with context.wrap_socket(conn, server_hostname="localhost") as wrapped:
                assert wrapped.version() == version.name.replace("_", ".")


def test_alpn(server, pair):
    server.start()
    for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), ([], None)):
        context = context_for(pair[0])
        if offered:
            context.set_alpn_protocols(offered)
        with socket.create_connection(("127.0.0.1", server.port)) as conn:
            with context.wrap_socket(conn, server_hostname="localhost") as wrapped:
                assert wrapped.selected_alpn_protocol() == chosen


def test_refusals_are_json_over_tls_too(server, pair):
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as conn:
        with context_for(pair[0]).wrap_socket(conn, server_hostname="localhost") as wrapped:
            wrapped.sendall(b"NONSENSE\r\n\r\n")
            answer = b""
            while piece := wrapped.recv(65536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ") and b'{"error":"bad request' in answer


def test_longpoll_over_tls(server, pair):
    server.start()
    server.connect = lambda timeout=20: http.client.HTTPSConnection(
        "localhost", server.port, timeout=timeout, context=context_for(pair[0]))
    network = server.network()
    token = server.token(network)
    node = server.register(token, "a")
    waiter = Waiter(node, node.revision())
    server.register(token, "b")
    assert [p["name"] for p in waiter.answer().json["peers"]] == ["b"]


def test_silent_handshake_is_ended(server):
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as conn:
        conn.sendall(b"\x16\x03\x01")
        assert conn.recv(100) == b""


def test_reload(server, tmp_path, pair):
    server.start()
    first = peer_certificate(server.port)
    (tmp_path / "new").mkdir()
    cert, key = self_signed(tmp_path / "new")
    keep = http.client.HTTPSConnection("localhost", server.port, timeout=20,
                                       context=context_for(pair[0]))
    keep.connect()
    # A certificate whose key has not followed yet: the old pair stays.
    shutil.copy(cert, pair[0])
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("event=tls.reload_failed")
    assert "is not the key of the certificate in" in server.log()
    assert peer_certificate(server.port) == first
    shutil.copy(key, pair[1])
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: server.log().count("event=tls.ready") == 2, 10, "the new pair")
    second = peer_certificate(server.port)
    assert second != first
    assert get(server.port, cert) == (200, b"ok")
    keep.request("GET", "/healthz")
    assert keep.getresponse().read() == b"ok"
    keep.close()


def failed_start(server):
    server.start(expect_failure=True)
    assert server.process.wait(10) in (1, 2)
    log = server.log()
    assert log.count("lightscale-server: ") == 1
    return log


def test_bad_pairs(tmp_path, pair):
    (tmp_path / "other").mkdir()
    _, other_key = self_signed(tmp_path / "other")
    garbage = tmp_path / "garbage"
    garbage.write_text("x")
    garbage.chmod(0o600)
    for cert, key, message in (
            (pair[0], other_key, f"{other_key} is not the key of the certificate in {pair[0]}"),
            (pair[0], str(garbage), "an unencrypted private key in PEM is needed"),
            (str(garbage), pair[1], "a certificate in PEM is needed"),
            (pair[0], "/nonexistent", "cannot read /nonexistent: No such file"),
            ("/nonexistent", pair[1], "--tls-cert: cannot read /nonexistent: No such file")):
        where = tmp_path / f"s{abs(hash((cert, key)))}"
        where.mkdir()
        assert message in failed_start(LocalServer(where, "--tls-cert", cert, "--tls-key", key))


def test_key_that_others_can_read(server, pair):
    os.chmod(pair[1], 0o644)
    assert "may be read by others or written by its group; chmod 600 it" in failed_start(server)
    os.chmod(pair[1], 0o640)
    server.start()
