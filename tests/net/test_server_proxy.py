# SPDX-License-Identifier: Apache-2.0
"""The server behind reverse proxies: whose word about the source and the URL counts."""
import http.client
import json

import pytest

from server_fixtures import ADMIN, LocalServer


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


ASKED = [
    ({"Host": "A.example:8080"}, "http://a.example:8080"),
    ({"Host": "a.example:80"}, "http://a.example"),
    ({"X-Forwarded-Host": "vpn.example", "X-Forwarded-Proto": "https"}, "https://vpn.example"),
    ({"X-Forwarded-Host": "vpn.example:443", "X-Forwarded-Proto": "HTTPS"}, "https://vpn.example"),
    ({"X-Forwarded-Host": "[2001:db8::1]:8443, inner", "X-Forwarded-Proto": "https, http"},
     "https://[2001:db8::1]:8443"),
    ({"Host": "a.example", "X-Forwarded-Proto": "https"}, "https://a.example"),
    ({"X-Forwarded-Host": "vpn.example"}, "http://vpn.example"),
    ({"Host": "a.example", "X-Forwarded-Host": "x/y"}, "http://a.example"),
    ({"Host": "a.example", "X-Forwarded-Host": ""}, "http://a.example"),
    ({"Host": "a.example", "X-Forwarded-Host": "x" * 300, "X-Forwarded-Proto": "ftp"},
     "http://a.example"),
]


def control_urls(server, headers):
    answer = server.request("GET", "/v1/admin/topology", headers=headers)
    assert answer.status == 200, answer
    return answer.json["control_urls"]


def test_topology_begins_with_the_url_that_was_asked(server):
    server.args = ["--trusted-proxy", "127.0.0.1",
                   "--control-url", "https://vpn.example:444/ls,https://Other.example:443/ls/"]
    server.start()
    first, second = "https://vpn.example:444/ls", "https://Other.example:443/ls/"
    for headers, expected in ASKED:
        assert control_urls(server, headers) == [expected, first, second], headers
    # One of the server's own URLs is not given twice, and keeps the path that the proxy takes off.
    forwarded = {"X-Forwarded-Host": "other.example", "X-Forwarded-Proto": "https"}
    assert control_urls(server, forwarded) == [second, first]
    old = server.raw(b"GET /v1/admin/topology HTTP/1.0\r\nAuthorization: Bearer "
                     + ADMIN.encode() + b"\r\n\r\n")
    assert json.loads(old.split(b"\r\n\r\n", 1)[1])["control_urls"] == [first, second]


def test_only_a_trusted_proxy_says_which_url_was_asked(server):
    server.args = ["--trusted-proxy", "10.0.0.0/8"]
    server.start()
    assert control_urls(server, {"Host": "a.example", "X-Forwarded-Host": "vpn.example",
                                 "X-Forwarded-Proto": "https"}) == ["http://a.example"]
