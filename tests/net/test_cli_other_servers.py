# SPDX-License-Identifier: Apache-2.0
"""Commands against servers that are not quite ours: canned answers, on loopback."""
import http.server
import json
import os
import subprocess
import threading

import pytest

from lab.process import program_environment
from server_fixtures import ADMIN, PROGRAM, LocalServer

CLIENT = os.path.join(os.path.dirname(PROGRAM), "lightscale-client")
OLD_ENTRY = {"id": "e", "timestamp": 1700000000, "network_id": None, "node_id": None,
             "action": "network.create", "detail": "home"}


def run(tmp_path, ports, *words, token=ADMIN):
    """The client as an admin; what it printed, and its exit status. Several ports: several servers,
    asked in that order."""
    env = program_environment({"LIGHTSCALE_ADMIN_TOKEN": token, "HOME": str(tmp_path)})
    urls = ",".join(f"http://127.0.0.1:{port}" for port in
                    (ports if isinstance(ports, tuple) else (ports,)))
    done = subprocess.run([CLIENT, "--control-url", urls, "admin", *words],
                          env=env, capture_output=True, text=True, timeout=30, check=False)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


@pytest.fixture
def canned(tmp_path):
    """run(status, headers, body, words..): one command against a server that answers so, and behind
    it in the list those on the ports of `more`."""
    servers = []

    def run_against(status, headers, body, *words, more=()):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return run(tmp_path, (server.server_address[1], *more), *words)
    yield run_against
    for server in servers:
        server.shutdown()
        server.server_close()


def test_audit_of_a_server_that_does_not_say_who(canned):
    body = json.dumps({"entries": [OLD_ENTRY]}).encode()
    done = canned(200, {}, body, "audit")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == [
        "2023-11-14", "22:13:20Z", "network.create", "-", "-", "-", "-", "home"]
    shown = json.loads(canned(200, {}, body, "audit", "--json").stdout)
    assert shown == {"entries": [{**OLD_ENTRY, "actor": None, "actor_id": None, "source": None}]}


def test_audit_of_a_v1_server(canned):
    """Its details are objects, or any JSON. Members that are null say nothing."""
    details = [{"name": "home", "uses": 2, "tags": ["a"], "owner_email": None}, ["x"], 7, None, {}]
    body = {"entries": [{**OLD_ENTRY, "detail": detail} for detail in details]}
    done = canned(200, {}, json.dumps(body).encode(), "audit")
    assert done.returncode == 0, done.stderr
    shown = [line.split("-  -  -  -", 1)[-1].split(maxsplit=6)[-1].strip()
             for line in done.stdout.splitlines()[1:]]
    assert shown[0].endswith('name=home, uses=2, tags=["a"]')
    assert shown[1].endswith('["x"]') and shown[2].endswith("7")
    listed = json.loads(canned(200, {}, json.dumps(body).encode(), "audit", "--json").stdout)
    assert [entry["detail"] for entry in listed["entries"]] == [
        details[0], ["x"], "7", None, {}]


def test_audit_of_a_server_that_knows_more(canned):
    entry = {**OLD_ENTRY, "actor": "mesh", "actor_id": None, "source": "fd00::1", "new": 1}
    done = canned(200, {}, json.dumps({"entries": [entry]}).encode(), "audit")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[3:5] == ["mesh", "fd00::1"]


@pytest.mark.parametrize("status, headers, expected", [
    (429, {"Retry-After": "30"}, "429 too many requests; try again in 30 s"),
    (503, {"Retry-After": "7"}, "503 service unavailable; try again in 7 s"),
    (503, {}, "503 service unavailable"),
    (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "429 too many requests"),
])
def test_proxies_say_when_to_come_back(canned, status, headers, expected):
    done = canned(status, headers, b"<html>", "audit")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.endswith(f"/v1/audit: {expected}\n"), done.stderr


def test_too_many_failed_attempts(tmp_path):
    """Our own server's refusal says how long to wait, once."""
    server = LocalServer(tmp_path, "--trusted-proxy", "127.0.0.1").start()
    try:
        def use_up():
            for _ in range(200):
                answer = server.request("GET", "/v1/networks", token="guess")
                if answer.status == 429:
                    return
            raise AssertionError(f"never refused: {answer!r}")
        for _ in range(20):  # one attempt is forgiven a second, maybe just before the command
            use_up()
            done = run(tmp_path, server.port, "audit", token="a-wrong-guess-of-it")
            assert done.returncode != 0
            if ": 429 " in done.stderr:
                break
        assert done.stdout == "" and done.stderr.endswith(
            "/v1/audit: 429 too many failed attempts from this address; try again in 1 s\n")
    finally:
        server.close()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_error_of_the_server_asks_the_next_one(canned, tmp_path, status):
    server = LocalServer(tmp_path).start()
    try:
        server.network("there")
        done = canned(status, {}, b"broken", "network", "list", "--json", more=(server.port,))
        assert done.returncode == 0, done.stderr
        assert [n["name"] for n in json.loads(done.stdout)["networks"]] == ["there"]
    finally:
        server.close()


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429])
def test_any_other_answer_is_the_answer(canned, tmp_path, status):
    server = LocalServer(tmp_path).start()
    try:
        done = canned(status, {}, b'{"error": "so it is"}', "audit", "--json", more=(server.port,))
        assert done.returncode == 1 and done.stdout == ""
        assert f": {status} so it is" in done.stderr
    finally:
        server.close()
