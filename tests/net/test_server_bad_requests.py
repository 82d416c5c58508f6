# SPDX-License-Identifier: Apache-2.0
"""Requests that are refused: the status, and the protocol's JSON error with a text that says why.
Afterwards the server is as it was."""
import json
import os
import socket
import time

import pytest

from server_fixtures import ADMIN, NO_ID, LocalServer, random_key, wait_until

pytestmark = pytest.mark.main_subset

KEY = random_key()
ZERO = "A" * 43 + "="
LONG = "x" * 5000


class World:
    """A server with one network, one node and one enrolment token that all rows share."""

    def __init__(self, directory):
        self.server = LocalServer(directory).start()
        self.network = self.server.network("world", overlay_v4="10.50.0.0/24",
                                           overlay_v6="fd50::/64")
        self.secret = self.server.token(self.network)
        self.node = self.server.register(self.secret, "first")
        self.other = self.server.register(self.secret, "second")

    def fill(self, value):
        """Puts the world's ids into a row's path or body."""
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str):
            return value
        for name, text in (("{net}", self.network["id"]), ("{node}", self.node.id),
                           ("{token}", self.secret), ("{none}", NO_ID),
                           ("{wg}", self.node.info["wg_public_key"]),
                           ("{machine}", self.node.info["machine_public_key"])):
            value = value.replace(name, text)
        return value

    def snapshot(self):
        return (self.server.api("GET", f"/v1/networks/{self.network['id']}/acl"),
                self.server.api("GET", "/v1/networks"),
                self.server.api("GET", f"/v1/networks/{self.network['id']}/tokens"),
                [{k: v for k, v in node.items() if k != "last_seen"} for node in self.server.api(
                    "GET", f"/v1/admin/networks/{self.network['id']}/nodes")["nodes"]],
                self.node.revision())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("bad"))
    yield made
    made.server.close()


def reg(**changes):
    body = {"token": "{token}", "node_name": "fresh", "machine_public_key": KEY,
            "wg_public_key": KEY}
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


def url(**changes):
    body = {"network_id": "{net}", "node_name": "fresh", "machine_public_key": KEY,
            "wg_public_key": KEY}
    body.update(changes)
    return body


def beat(**changes):
    return {"node_id": "{node}", "endpoints": [], "routes": [], **changes}


def rule(**changes):
    return {"policy": {"rules": [{"action": "deny", "src": {}, "dst": {}, **changes}]}}


NETS = ("POST", "/v1/networks")
TOKENS = ("POST", "/v1/networks/{net}/tokens")
REG = ("POST", "/v1/register")
URL = ("POST", "/v1/register-url")
BEAT = ("POST", "/v1/heartbeat")
ACL = ("PUT", "/v1/networks/{net}/acl")
NODE = ("PUT", "/v1/admin/nodes/{node}")
ROTATE = ("POST", "/v1/nodes/{node}/rotate-keys")
POLICY = ("PUT", "/v1/networks/{net}/key-policy")
POLL = "/v1/netmap/{node}/longpoll"
ADMIN_ROW = "admin"

# (method, path), body, credential, status, part of the error's text
ROWS = [
    # Paths and methods.
    (("GET", "/"), None, None, 404, "no such path"),
    (("GET", "/v1"), None, None, 404, "no such path"),
    (("GET", "/v1/networks/"), None, None, 404, "no such path"),
    (("GET", "/healthz/x"), None, None, 404, "no such path"),
    (("GET", "/v1/netmap/a/b/c/d/e/f/g/h/i/j"), None, None, 404, "no such path"),
    (("GET", "/v1/netmap/%zz"), None, ADMIN_ROW, 404, "no such path"),
    (("GET", "/v1/netmap/%00"), None, ADMIN_ROW, 404, "no such path"),
    (("GET", "/v1/netmap/a%2Fb"), None, ADMIN_ROW, 404, "no such path"),
    (("GET", "/" + "a" * 4000), None, None, 404, "no such path"),
    (("DELETE", "/healthz"), None, None, 405, "use GET, HEAD"),
    (("PUT", "/v1/networks"), None, ADMIN_ROW, 405, "use GET, HEAD, POST"),
    (("GET", "/v1/register"), None, None, 405, "use POST"),
    (("PATCH", "/v1/heartbeat"), b"{}", None, 405, "use POST"),
    (("OPTIONS", "/v1/audit"), None, None, 405, "use GET, HEAD"),
    (("BREW", "/v1/audit"), None, None, 405, "use GET, HEAD"),
    (("HEAD", POLL), None, ADMIN_ROW, 405, None),
    # Credentials.
    (NETS, {"name": "x"}, None, 401, "no credential"),
    (NETS, {"name": "x"}, "wrong", 401, "needs the admin token"),
    (("GET", "/v1/networks/{none}"), None, "wrong", 401, "needs the admin token"),
    (("GET", "/v1/netmap/{node}"), None, None, 401, "no credential"),
    (("GET", "/v1/netmap/{node}"), None, "wrong", 401, "needs the node's token or the admin"),
    (("GET", "/v1/netmap/{none}"), None, None, 401, "no credential"),
    (("GET", "/v1/netmap/{node}"), None, "x" * 200, 401, "no credential"),
    (BEAT, beat(), None, 401, "no credential"),
    (BEAT, beat(), "wrong", 401, "needs the node's token"),
    (("GET", "/v1/register/approve/{node}/xyz"), None, None, 401, "approval link is wrong"),
    # Unknown ids.
    (("GET", "/v1/netmap/{none}"), None, "wrong", 404, "unknown node"),
    (("GET", "/v1/netmap/{none}"), None, ADMIN_ROW, 404, "unknown node"),
    (("GET", "/v1/networks/{none}/acl"), None, ADMIN_ROW, 404, "unknown network"),
    (("GET", "/v1/networks/not-an-id/tokens"), None, ADMIN_ROW, 404, "unknown network"),
    (("POST", "/v1/tokens/nothing/revoke"), None, ADMIN_ROW, 404, "unknown enrolment token"),
    (("GET", "/v1/register/approve/{none}/xyz"), None, None, 404, "unknown node"),
    (("DELETE", "/v1/nodes/{none}"), None, ADMIN_ROW, 404, "unknown node"),
    (URL, url(network_id="{none}"), None, 404, "unknown network"),
    (BEAT, beat(node_id="{none}"), ADMIN_ROW, 404, "unknown node"),
    # Bodies that are no JSON object.
    (NETS, b"", ADMIN_ROW, 400, "body: empty"),
    (NETS, b"{", ADMIN_ROW, 400, "body: line 1"),
    (NETS, b"nonsense", ADMIN_ROW, 400, "body: line 1"),
    (NETS, b"[]", ADMIN_ROW, 400, "body"),
    (NETS, b'"text"', ADMIN_ROW, 400, "body"),
    (NETS, b'{"name": "a"} {}', ADMIN_ROW, 400, "body: line 1"),
    (NETS, b'{"name": "a", "name": "b"}', ADMIN_ROW, 400, "duplicate"),
    (NETS, b'{"name": "\xff\xfe"}', ADMIN_ROW, 400, "body: line 1"),
    (NETS, b'{"name": "a\\u0000b"}', ADMIN_ROW, 400, "\\u0000 is not allowed"),
    (NETS, b"[" * 100000, ADMIN_ROW, 400, "nested deeper than"),
    (NETS, b" " * (256 << 10) + b"{}", ADMIN_ROW, 413, "larger than 262144 bytes"),
    # Networks.
    (NETS, {}, ADMIN_ROW, 400, "body: name: missing"),
    (NETS, {"name": ""}, ADMIN_ROW, 400, "body: name"),
    (NETS, {"name": 7}, ADMIN_ROW, 400, "body: name"),
    (NETS, {"name": "   "}, ADMIN_ROW, 400, "body: name"),
    (NETS, {"name": "a\nb"}, ADMIN_ROW, 400, "control character"),
    (NETS, {"name": LONG}, ADMIN_ROW, 400, "body: name"),
    (NETS, {"name": "x", "overlay_v4": "10.0.0.0"}, ADMIN_ROW, 400, "body: overlay_v4"),
    (NETS, {"name": "x", "overlay_v4": "10.0.0.1/24"}, ADMIN_ROW, 400, "body: overlay_v4"),
    (NETS, {"name": "x", "overlay_v4": "fd00::/64"}, ADMIN_ROW, 400, "body: overlay_v4"),
    (NETS, {"name": "x", "overlay_v4": "10.0.0.0/31"}, ADMIN_ROW, 400, "no room"),
    (NETS, {"name": "x", "overlay_v4": "0.0.0.0/0"}, ADMIN_ROW, 400, "too large"),
    (NETS, {"name": "x", "overlay_v4": "224.0.0.0/24"}, ADMIN_ROW, 400, "cannot be an overlay"),
    (NETS, {"name": "x", "overlay_v4": "127.1.0.0/24"}, ADMIN_ROW, 400, "cannot be an overlay"),
    (NETS, {"name": "x", "overlay_v6": "fe80::/64"}, ADMIN_ROW, 400, "cannot be an overlay"),
    (NETS, {"name": "x", "overlay_v6": "fd00::/127"}, ADMIN_ROW, 400, "no room"),
    (NETS, {"name": "x", "overlay_v4": "10.50.0.0/16"}, ADMIN_ROW, 409, "overlaps"),
    (NETS, {"name": "x", "overlay_v6": "fd50::/96"}, ADMIN_ROW, 409, "overlaps"),
    (NETS, {"name": "x", "overlay_v4": "10.60.0.0/24", "overlay_v6": "fd50::/64"}, ADMIN_ROW, 409,
     "overlaps"),
    (NETS, {"name": "x", "overlay_v4": "fe80::/64"}, ADMIN_ROW, 400, "body: overlay_v4"),
    (NETS, {"name": "x", "overlay_v4": "255.255.255.0/24"}, ADMIN_ROW, 400, "overlay_v4"),
    (NETS, {"name": "x", "dns_domain": "a b"}, ADMIN_ROW, 400, "body: dns_domain"),
    (NETS, {"name": "x", "dns_domain": ".a"}, ADMIN_ROW, 400, "body: dns_domain"),
    (NETS, {"name": "x", "dns_domain": "a" * 64}, ADMIN_ROW, 400, "body: dns_domain"),
    (NETS, {"name": "x", "dns_domain": "a..b"}, ADMIN_ROW, 400, "body: dns_domain"),
    (NETS, {"name": "x", "dns_domain": "-a.b"}, ADMIN_ROW, 400, "body: dns_domain"),
    (NETS, {"name": "x", "dns_domain": "a." * 120 + "b"}, ADMIN_ROW, 400, "body: dns_domain"),
    (NETS, {"name": "x", "requires_approval": 1}, ADMIN_ROW, 400, "body: requires_approval"),
    (NETS, {"name": "x", "key_rotation_max_age_seconds": 0}, ADMIN_ROW, 400, "must not be 0"),
    (NETS, {"name": "x", "key_rotation_max_age_seconds": -1}, ADMIN_ROW, 400, "key_rotation"),
    (NETS, {"name": "x", "bootstrap_token_ttl_seconds": 60, "bootstrap_token_uses": 0},
     ADMIN_ROW, 400, "body: bootstrap_token_uses"),
    (NETS, {"name": "x", "bootstrap_token_tags": ["a b"]}, ADMIN_ROW, 400, "bootstrap_token_tags"),
    (("DELETE", "/v1/networks/{net}"), None, ADMIN_ROW, 409, "still has 2 nodes"),
    # Tokens.
    (TOKENS, {"ttl_seconds": 0, "uses": 1}, ADMIN_ROW, 400, "body: ttl_seconds"),
    (TOKENS, {"ttl_seconds": 1, "uses": 0}, ADMIN_ROW, 400, "body: uses"),
    (TOKENS, {"uses": 1}, ADMIN_ROW, 400, "body: ttl_seconds"),
    (TOKENS, {"ttl_seconds": 1}, ADMIN_ROW, 400, "body: uses"),
    (TOKENS, {"ttl_seconds": 1.5, "uses": 1}, ADMIN_ROW, 400, "body: ttl_seconds"),
    (TOKENS, {"ttl_seconds": 2**62, "uses": 1}, ADMIN_ROW, 400, "body: ttl_seconds"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": "a"}, ADMIN_ROW, 400, "body: tags"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": ["a"] * 100}, ADMIN_ROW, 400, "body: tags"),
    (TOKENS, {"ttl_seconds": 10 * 366 * 86400 + 1, "uses": 1}, ADMIN_ROW, 400, "body: ttl_seconds"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1000001}, ADMIN_ROW, 400, "body: uses"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": ["a,b"]}, ADMIN_ROW, 400, "body: tags[0]"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": ["a", " b"]}, ADMIN_ROW, 400, "body: tags[1]"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": ["t" * 65]}, ADMIN_ROW, 400, "body: tags[0]"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": [None]}, ADMIN_ROW, 400, "body: tags[0]"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "tags": [""]}, ADMIN_ROW, 400, "body: tags[0]"),
    (TOKENS, {"ttl_seconds": 1, "uses": 1, "owner_email": LONG}, ADMIN_ROW, 400, "owner_email"),
    # Registration.
    (REG, reg(token=None), None, 400, "body: token: missing"),
    (REG, reg(token="B" * 43), None, 401, "token is unknown"),
    (REG, reg(token=LONG), None, 400, "body: token"),
    (REG, reg(node_name=None), None, 400, "body: node_name"),
    (REG, reg(node_name=""), None, 400, "body: node_name"),
    (REG, reg(node_name="tab\tname"), None, 400, "control character"),
    (REG, reg(node_name="n" * 1025), None, 400, "body: node_name"),
    (REG, reg(node_name="___"), None, 400, "body: node_name"),
    (REG, reg(node_name="FIRST"), None, 409, "first is taken"),
    (REG, reg(wg_public_key="short"), None, 400, "body: wg_public_key"),
    (REG, reg(wg_public_key=ZERO), None, 400, "all zero"),
    (REG, reg(wg_public_key=KEY[:-1]), None, 400, "body: wg_public_key"),
    (REG, reg(wg_public_key="{wg}"), None, 409, "in use by node first"),
    (REG, reg(machine_public_key=None), None, 400, "body: machine_public_key"),
    (URL, url(ttl_seconds=0), None, 400, "body: ttl_seconds"),
    (URL, url(ttl_seconds="600"), None, 400, "body: ttl_seconds"),
    (URL, url(ttl_seconds=7 * 24 * 3600 + 1), None, 400, "body: ttl_seconds"),
    (URL, url(node_name="second"), None, 409, "second is taken"),
    # Heartbeats.
    (BEAT, {}, ADMIN_ROW, 400, "body: node_id"),
    (BEAT, beat(endpoints="1.2.3.4:5"), ADMIN_ROW, 400, "body: endpoints"),
    (BEAT, beat(endpoints=["1.2.3.4:%d" % i for i in range(1, 40)]), ADMIN_ROW, 400,
     "body: endpoints"),
    (BEAT, beat(listen_port=70000), ADMIN_ROW, 400, "body: listen_port"),
    (BEAT, beat(routes=[{"prefix": "10.%d.0.0/16" % i, "kind": "subnet", "enabled": True}
                        for i in range(100, 250)]), ADMIN_ROW, 400, "body: routes"),
    (BEAT, beat(endpoints=[None]), ADMIN_ROW, 400, "body: endpoints[0]"),
    (BEAT, beat(routes=[None]), ADMIN_ROW, 400, "body: routes[0]"),
    (BEAT, beat(routes=[{"kind": "subnet"}]), ADMIN_ROW, 400, "body: routes[0].prefix: missing"),
    (BEAT, beat(routes=[{"prefix": "10.0.0.0/8", "kind": 5}]), ADMIN_ROW, 400,
     "body: routes[0].kind"),
    (BEAT, beat(probe="yes"), ADMIN_ROW, 400, "body: probe"),
    # Policies.
    (ACL, {}, ADMIN_ROW, 400, "policy"),
    (ACL, {"policy": {"default_action": "maybe"}}, ADMIN_ROW, 400, "default_action"),
    (ACL, {"policy": {"rules": {}}}, ADMIN_ROW, 400, "rules"),
    (ACL, rule(action="drop"), ADMIN_ROW, 400, "rules[0].action"),
    (ACL, rule(src={"tags": "web"}), ADMIN_ROW, 400, "rules[0].src.tags"),
    (ACL, {"policy": {"rules": [{"action": "deny", "src": {}, "dst": {}}] * 5000}}, ADMIN_ROW,
     400, "rules"),
    (ACL, {"policy": []}, ADMIN_ROW, 400, "policy"),
    (ACL, {"policy": {"rules": [None]}}, ADMIN_ROW, 400, "rules[0]"),
    (ACL, {"policy": {"rules": [{"action": "deny", "dst": []}]}}, ADMIN_ROW, 400, "rules[0].dst"),
    (ACL, {"policy": {"rules": [{"src": {}, "dst": {}}]}}, ADMIN_ROW, 400, "rules[0].action"),
    (ACL, rule(dst={"any": 1}), ADMIN_ROW, 400, "rules[0].dst.any"),
    (ACL, rule(dst={"names": ["n"] * 4097}), ADMIN_ROW, 400, "rules[0].dst.names"),
    (ACL, rule(dst={"node_ids": ["i" * 65]}), ADMIN_ROW, 400, "rules[0].dst.node_ids[0]"),
    (ACL, b'{"policy":\n  {"rules": [}}', ADMIN_ROW, 400, "body: line 2, column"),
    (ACL, b" " * (4 << 20) + b"{}", ADMIN_ROW, 413, "larger than 4194304 bytes"),
    (POLICY, {"max_age_seconds": -1}, ADMIN_ROW, 400, "max_age_seconds"),
    (POLICY, {"max_age_seconds": 0}, ADMIN_ROW, 400, "must not be 0"),
    (POLICY, {"max_age_seconds": "1h"}, ADMIN_ROW, 400, "max_age_seconds"),
    # Nodes.
    (NODE, {}, ADMIN_ROW, 400, "name"),
    (NODE, {"name": "a b"}, ADMIN_ROW, 400, "body: name"),
    (NODE, {"name": "Second"}, ADMIN_ROW, 409, "second is taken"),
    (NODE, {"name": None, "tags": None}, ADMIN_ROW, 400, "name"),
    (NODE, {"name": "x", "tags": ["a b"]}, ADMIN_ROW, 400, "body: tags[0]"),
    (NODE, {"name": "n" * 64}, ADMIN_ROW, 400, "body: name"),
    (NODE, {"tags": ["t%d" % i for i in range(65)]}, ADMIN_ROW, 400, "body: tags"),
    (NODE, {"tags": ["a,b"]}, ADMIN_ROW, 400, "body: tags[0]"),
    (ROTATE, {}, ADMIN_ROW, 400, "wg_public_key"),
    (ROTATE, {"wg_public_key": "{wg}"}, ADMIN_ROW, 400, "wg_public_key is unchanged"),
    (ROTATE, {"machine_public_key": "{machine}"}, ADMIN_ROW, 400,
     "machine_public_key is unchanged"),
    (ROTATE, {"wg_public_key": ZERO}, ADMIN_ROW, 400, "all zero"),
    # Queries.
    (("GET", POLL + "?since=x"), None, ADMIN_ROW, 400, "since: not a number"),
    (("GET", POLL + "?since=-1"), None, ADMIN_ROW, 400, "since: not a number"),
    (("GET", POLL + "?since=99999999999999999999"), None, ADMIN_ROW, 400, "since: not a number"),
    (("GET", POLL + "?since"), None, ADMIN_ROW, 400, "name=value"),
    (("GET", POLL + "?timeout_seconds=-1"), None, ADMIN_ROW, 400, "timeout_seconds: not a number"),
    (("GET", POLL + "?timeout_seconds="), None, ADMIN_ROW, 400, "timeout_seconds"),
    (("GET", "/v1/audit?limit=10001"), None, ADMIN_ROW, 400, "limit: must be 0 to"),
    (("GET", "/v1/audit?limit=many"), None, ADMIN_ROW, 400, "limit: not a number"),
]


def test_the_table_is_long_enough():
    assert len(ROWS) >= 60


def test_bad_requests(world):
    server = world.server
    before = world.snapshot()
    wrong = []
    for (method, path), body, credential, status, text in ROWS:
        filled = world.fill(path)
        # Only so many wrong credentials a source; this test has more of them than a client.
        options = {"token": credential} if credential != ADMIN_ROW else {}
        answer = server.request(method, filled, world.fill(body), **options)
        row = f"{method} {path[:60]} {str(body)[:90]}"
        if answer.status != status:
            wrong.append(f"{row}: {status} expected: {answer!r}")
        elif text is not None and (answer.headers["Content-Type"] != "application/json"
                                   or list(answer.json) != ["error"]
                                   or text not in answer.error):
            wrong.append(f"{row}: {text!r} expected: {answer!r}")
        elif status == 405 and not answer.headers["Allow"]:
            wrong.append(f"{row}: no Allow header")
        elif status == 401 and answer.headers["WWW-Authenticate"] != "Bearer":
            wrong.append(f"{row}: no WWW-Authenticate header")
    assert not wrong, "\n".join(wrong)
    assert world.snapshot() == before


HOST = b"Host: server\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /v1/register HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

# What the front refuses by itself: bytes, status, part of the text.
RAW_ROWS = [
    (b"GARBAGE\r\n\r\n", 400, "not HTTP/1.1"),
    (b"GET /healthz\r\n\r\n", 400, "not HTTP/1.1"),
    (b"GET /healthz HTTP/9.9\r\n\r\n", 400, "not HTTP/1.1"),
    (b"GET  HTTP/1.1\r\n\r\n", 400, "not HTTP/1.1"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "not HTTP/1.1"),
    (GET + b"no colon\r\n\r\n", 400, "not HTTP/1.1"),
    (GET + b"X: " + b"a" * 20000 + b"\r\n\r\n", 400, "larger than 16 KiB"),
    (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n", 400, "larger than 16 KiB"),
    (POST + b"Content-Length: -5\r\n\r\n", 400, "bad request"),
    (POST + b"Content-Length: 1x\r\n\r\n", 400, "bad request"),
    (POST + b"Content-Length: 5000000\r\n\r\n" + b"x" * 5000000, 413, "too large"),
    (POST + b"Expect: magic\r\nContent-Length: 2\r\n\r\n{}", 417, "100-continue"),
    (POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413,
     "too large"),
    (CHUNKED + b"ZZ\r\n", 400, "chunks"),
    (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", 400, "chunks"),
    (CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n", 400, "chunks"),
    (CHUNKED + b"2 2\r\n{}\r\n0\r\n\r\n", 400, "chunks"),
    (CHUNKED + b"2\r\n{}xx0\r\n\r\n", 400, "chunks"),
    (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400, "length of the body"),
    (POST + b"Content-Length: 9999999999999999999\r\n\r\n", 413, "too large"),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, "length of the body"),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "transfer encoding"),
    (GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400,
     "more than one Authorization"),
    (GET + b"X: a\0b\r\n\r\n", 400, "control character"),
    (GET + b"X\0: a\r\n\r\n", 400, "control character"),
    (b"GET /healthz\0 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "control character"),
    (GET + b"X: a\r\n b\r\n\r\n", 400, "folded"),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "Host"),
    (GET + HOST + b"\r\n", 400, "more than one Host"),
    (b"GET //healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400, "not a path"),
    (b"GET //evil/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400, "not a path"),
    (b"GET http://server//healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400, "not a path"),
]


@pytest.mark.parametrize("data,status,text", RAW_ROWS, ids=range(len(RAW_ROWS)))
def test_bytes_that_are_no_request(world, data, status, text):
    received = world.server.raw(data, shut=True)
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    if received.startswith(interim):
        received = received[len(interim):]
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == str(status).encode(), received
    assert b"application/json" in head and b"close" in head
    assert text in json.loads(body)["error"]


def test_body_of_a_get_is_not_the_next_request(world):
    inner = b"GET /v1/networks HTTP/1.1\r\n" + HOST + b"\r\n"
    received = world.server.raw(GET + b"Content-Length: %d\r\n\r\n%s" % (len(inner), inner))
    assert received.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in received


def test_garbage_behind_a_request_is_refused_in_json(world):
    received = world.server.raw(GET + b"\r\nGARBAGE\r\n\r\n")
    head, _, body = received.rpartition(b"\r\n\r\n")
    assert head.count(b"HTTP/1.1 ") == 2 and b"not HTTP/1.1" in body
    assert list(json.loads(body)) == ["error"]


UNCLEAR = [(b"Content-Length: 0\r\nContent-Length: 28\r\n", "length of the body"),
           (b"Content-Length : 28\r\n", "blank before the colon"),
           (b"Content-Length: +0\r\n", "length of the body"),
           (b"Transfer-Encoding: xchunked\r\n", "length of the body")]


@pytest.mark.parametrize("headers,text", UNCLEAR, ids=range(len(UNCLEAR)))
def test_unclear_length_is_not_the_next_request(world, headers, text):
    received = world.server.raw(POST + headers + b"\r\n" + GET + b"\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400") and b"Connection: close" in head
    assert received.count(b"HTTP/1.1 400") == 1 and b"200 OK" not in received
    assert text in json.loads(body)["error"]


def test_absolute_form(world):
    received = world.server.raw(b"GET http://elsewhere/healthz HTTP/1.1\r\n" + HOST
                                + b"Connection: close\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 200") and received.endswith(b"ok")


def test_refused_before_the_body(world):
    """Who may not send a body is told so at its head, without a leave to go on, and the connection
    stays open for reading while it still sends."""
    wants = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    for path, auth, length, status in ((b"/v1/networks", b"", 10, b"401"),
                                       (b"/no/such/path", b"", 10, b"404"),
                                       (b"/healthz", b"", 10, b"405"),
                                       (b"/v1/heartbeat", b"", 10, b"401"),
                                       (b"/v1/register", b"", 300000, b"413")):
        head = b"POST " + path + b" HTTP/1.1\r\n" + HOST + auth + wants % length
        received = world.server.raw(head)
        assert received.startswith(b"HTTP/1.1 " + status), received
        received = world.server.raw(head + b"x" * (4 << 20))
        assert received.startswith(b"HTTP/1.1 " + status), received
        assert received.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in received


class Unfinished:
    """A request whose head the server has accepted; it waits for the body."""

    def __init__(self, server, method, path, body, token=None):
        self.body = json.dumps(body).encode()
        auth = f"Authorization: Bearer {token}\r\n" if token else ""
        self.connection = socket.create_connection(("127.0.0.1", server.port), 20)
        self.connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: server\r\n{auth}"
                                "Connection: close\r\nExpect: 100-continue\r\n"
                                f"Content-Length: {len(self.body)}\r\n\r\n".encode())
        assert self.connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"

    def finish(self):
        with self.connection:
            self.connection.sendall(self.body)
            return self.connection.recv(4096)


def test_token_that_expires_while_the_body_comes(world):
    network = world.network["id"]
    token = world.server.api("POST", f"/v1/networks/{network}/tokens",
                             {"ttl_seconds": 1, "uses": 1, "tags": []})["token"]
    request = Unfinished(world.server, *REG, world.fill(reg(token=token["token"])))
    wait_until(token["expires_at"])
    assert request.finish().startswith(b"HTTP/1.1 401 ")


def test_objects_that_are_deleted_while_the_body_comes(world):
    server = world.server
    network = server.network("short-lived")
    node = server.register(server.token(network), "short-lived")
    path = f"/v1/networks/{network['id']}"
    requests = [
        Unfinished(server, "PUT", f"/v1/admin/nodes/{node.id}", {"tags": ["a"]}, ADMIN),
        Unfinished(server, "POST", f"/v1/nodes/{node.id}/rotate-keys",
                   {"wg_public_key": random_key()}, node.token),
        Unfinished(server, "POST", "/v1/heartbeat", world.fill(beat(node_id=node.id)), node.token),
        Unfinished(server, "PUT", path + "/key-policy", {"max_age_seconds": 60}, ADMIN),
        Unfinished(server, "POST", path + "/tokens", {"ttl_seconds": 60, "uses": 1}, ADMIN)]
    server.api("DELETE", f"/v1/nodes/{node.id}")
    server.api("DELETE", path)
    for request in requests:
        assert request.finish().startswith(b"HTTP/1.1 404 ")


def test_bodies_without_a_credential_are_not_kept(world):
    """Many connections send the first of 4 MiB to an endpoint that takes 256 KiB."""
    def resident():
        with open(f"/proc/{world.server.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    before = resident()
    head = POST + b"Content-Length: 4194303\r\n\r\n"
    held = [socket.create_connection(("127.0.0.1", world.server.port), 20) for _ in range(200)]
    for connection in held:
        connection.sendall(head + b"x" * 65536)
    for connection in held:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    assert resident() - before < 16 << 20
    for connection in held:
        connection.close()


def test_two_requests_at_once(world):
    get = GET + b"\r\n"
    last = GET + b"Connection: close\r\n\r\n"
    assert world.server.raw(get + get + last).count(b"HTTP/1.1 200 OK") == 3


def test_http_1_0(world):
    received = world.server.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert received.startswith(b"HTTP/1.0 200") and received.endswith(b"ok")


def test_request_while_a_poll_waits_on_the_same_connection(world):
    """What a client sends behind a long-poll is answered after it; the server lives."""
    node = world.node
    path = node.longpoll_path(node.revision(), 1).encode()
    auth = b"Authorization: Bearer " + node.token.encode() + b"\r\n"
    received = world.server.raw(
        b"GET " + path + b" HTTP/1.1\r\n" + HOST + auth + b"\r\n"
        + GET + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200 OK") == 2 and received.endswith(b"ok")


def test_random_bytes(world):
    for i in range(60):
        world.server.raw(os.urandom(1 + i * 7) + b"\r\n\r\n", shut=True)
    assert world.server.request("GET", "/healthz", token=None).status == 200


def refused(request):
    """Asks until it is refused for too many failures; that answer says how long to wait."""
    for _ in range(200):  # one attempt is forgiven every second
        answer = request()
        if answer.status == 429:
            break
        assert answer.status == 401
    assert answer.headers["Retry-After"] == "1" and "WWW-Authenticate" not in answer.headers
    assert answer.error == "too many failed attempts from this address; try again in 1 s"


def test_too_many_failed_attempts(tmp_path):
    server = LocalServer(tmp_path).start()
    try:
        network = server.network()
        node = server.register(server.token(network))
        guest = server.register_url(network)
        statuses = [server.request("GET", "/v1/networks", token=f"guess{i}").status
                    for i in range(60)]
        assert statuses[:30] == [401] * 30 and 429 in statuses[30:]
        body = {"token": "guess", "node_name": "x", "machine_public_key": random_key(),
                "wg_public_key": random_key()}
        refused(lambda: server.request("GET", f"/v1/nodes/{node.id}/keys", token="guess"))
        refused(lambda: server.request("POST", "/v1/register", body, token=None))
        refused(lambda: server.request("GET", f"/v1/register/approve/{guest['node_id']}/guess",
                                       token=None))
        refused(lambda: server.request("GET", "/v1/networks", token="guess"))
        # One failure a second is forgiven.
        told = time.time()
        wait_until(told + 1)
        assert server.request("GET", "/v1/networks", token="guess").status == 401
    finally:
        server.close()


def test_a_right_credential_passes_whoever_guesses_beside_it(tmp_path):
    """A neighbour behind the same address uses up every limit, at both doors."""
    server = LocalServer(tmp_path).start()
    try:
        network = server.network()
        secret = server.token(network)
        node = server.register(secret)
        guest = server.register_url(network)
        keys = f"/v1/nodes/{node.id}/keys"
        approve = f"/v1/register/approve/{guest['node_id']}/guess"
        body = {"token": "guess", "node_name": "x", "machine_public_key": random_key(),
                "wg_public_key": random_key()}
        refused(lambda: server.request("POST", "/v1/register", body, token=None))
        refused(lambda: server.request("GET", approve, token=None))
        refused(lambda: server.request("GET", keys, token="guess"))
        for token, path in ((ADMIN, "/v1/networks"), (ADMIN, keys), (node.token, keys),
                            (node.token, f"/v1/netmap/{node.id}")):
            refused(lambda: server.request("GET", "/v1/networks", token="guess"))
            assert server.request("GET", path, token=token).status == 200
        refused(lambda: server.request("POST", "/v1/register", body, token=None))
        server.register(secret)
        assert server.request("GET", guest["auth_path"], token=None).status == 200
    finally:
        server.close()


def test_a_guesser_learns_nothing_more_when_a_right_token_passes(tmp_path):
    """Beyond the limit the answer does not depend on how much of the token is right, and a right
    one in between forgives nothing."""
    server = LocalServer(tmp_path).start()
    try:
        def guess(token):
            answer = server.request("GET", "/v1/networks", token=token)
            return answer.status, answer.error, answer.headers["Retry-After"]
        for _ in range(5):
            refused(lambda: server.request("GET", "/v1/networks", token="guess"))
            assert server.request("GET", "/v1/networks").status == 200
            answers = {guess(token) for token in
                       ("x", ADMIN[:-1], ADMIN + "x", ADMIN[:-1] + "x", "y" + ADMIN[1:])}
            if len(answers) == 1:  # else a second has passed, and a failure was forgiven
                break
        assert [status for status, _, _ in answers] == [429]
    finally:
        server.close()
