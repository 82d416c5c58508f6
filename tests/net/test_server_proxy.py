# SPDX-License-Identifier: Apache-2.0
"""The server behind reverse proxies: whose word about the source counts."""
import http.client
import json

import pytest

from server_fixtures import LocalServer


@pytest.fixture
def server(tmp_path):
    made = LocalServer(tmp_path)
    yield made
    made.close()


def observed(server, node, *forwarded):
    """The first endpoint of a node whose heartbeat came with these X-Forwarded-For headers."""
    connection = server.connect()
    body = json.dumps({"node_id": node.id, "endpoints": [], "routes": [],
                       "listen_port": 7}).encode()
    connection.putrequest("POST", "/v1/heartbeat")
    connection.putheader("Authorization", "Bearer " + node.token)
    connection.putheader("Content-Length", str(len(body)))
    for value in forwarded:
        connection.putheader("X-Forwarded-For", value)
    connection.endheaders(body)
    answer = connection.getresponse()
    endpoints = json.loads(answer.read())["netmap"]["node"]["endpoints"]
    connection.close()
    assert answer.status == http.client.OK
    return endpoints[0] if endpoints else None


CASES = [
    ((), None),  # loopback: no other host can use it
    (("192.0.2.1",), "192.0.2.1:7"),
    (("2001:db8::1",), "[2001:db8::1]:7"),
    (("[2001:db8::1]:4711",), "[2001:db8::1]:7"),
    (("[2001:db8::1]",), "[2001:db8::1]:7"),
    (("192.0.2.1:4711",), "192.0.2.1:7"),
    (("6.6.6.6, 192.0.2.1",), "192.0.2.1:7"),
    (("6.6.6.6,192.0.2.1, 10.0.0.9 ",), "192.0.2.1:7"),
    (("6.6.6.6", "192.0.2.1"), "192.0.2.1:7"),
    (("6.6.6.6", "192.0.2.1", "10.1.1.1, 10.2.2.2"), "192.0.2.1:7"),
    (("10.3.3.3, 10.1.1.1",), "10.3.3.3:7"),
    (("192.0.2.1, unknown",), None),
    (("",), None),
    (("192.0.2.1, ,",), "192.0.2.1:7"),
    (("6.6.6.6,,192.0.2.1",), "192.0.2.1:7"),
    (("192.0.2.1", ""), "192.0.2.1:7"),
    (("x" * 300,), None),
]


def test_trusted(server):
    server.args = ["--trusted-proxy", "127.0.0.0/8,10.0.0.0/8"]
    server.start()
    token = server.token(server.network())
    for forwarded, expected in CASES:
        node = server.register(token)
        assert observed(server, node, *forwarded) == expected, forwarded


def test_untrusted(server):
    server.args = ["--trusted-proxy", "10.0.0.0/8"]
    server.start()
    node = server.register(server.token(server.network()))
    assert observed(server, node, "192.0.2.1") is None


def test_failures_count_against_the_client_not_the_proxy(server):
    server.args = ["--trusted-proxy", "127.0.0.1"]
    server.start()

    def guess(source):
        return server.request("GET", "/v1/networks", token="wrong",
                              headers={"X-Forwarded-For": source}).status
    for _ in range(40):
        last = guess("192.0.2.1")
    assert last == 429
    assert guess("192.0.2.2") == 401
    assert "source=192.0.2.1" in server.log()
