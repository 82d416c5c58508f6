# SPDX-License-Identifier: Apache-2.0
"""Every member of every request, wrong in every way its kind can be; every endpoint without credential
and with methods it has not. Made from the protocol's tables (v1_protocol.py); on loopback."""
import copy
import json

import pytest

import v1_protocol
from server_fixtures import NO_ID, random_key
from test_server_bad_requests import World

pytestmark = pytest.mark.main_subset

LONG = "x" * 5000
# What is wrong for a kind.
NO_TEXT = [5, 1.5, True, [], {}, "", "a\x1bb", "a\u009bb", LONG]
WRONG = {
    "text": NO_TEXT,
    "uuid": NO_TEXT,
    "int": ["1", 1.5, -1, True, [], {}, 2**63, 2**70, ""],
    "bool": [0, 1, "true", [], {}, 1.5, ""],
    "key": [5, True, [], {}, "", "short", "A" * 43 + "=", "A" * 44, "!" * 44, LONG],
    "prefix": [5, [], {}, "", "nonsense", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", LONG],
    "prefix4": [5, [], {}, "", "nonsense", "10.0.0.0/33", "fd00::/64", "10.0.0.1/24", LONG],
    "prefix6": [5, [], {}, "", "nonsense", "fd00::/129", "10.0.0.0/24", "fd00::1/64", LONG],
    "hostport": [5, [], {}, "", "host", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:65536", ":5", "a b:5",
                 "[::1:5", "a\x1b:5", LONG],
    "route kind": [5, [], {}, "", "Subnet", "best", LONG],
    "action": [5, [], {}, "", "Allow", "drop", LONG],
}
# What may be longer or emptier than the rest of its kind, and is checked otherwise.
NOT_WRONG = {
    ("Selector", "tags"): {"", "a\x1bb"}, ("Selector", "names"): {""},
    ("Selector", "node_ids"): {""}, ("CreateToken", "owner_user_id"): {""},
    ("CreateToken", "owner_email"): {""},
}
BODIES = {
    ("POST", "/v1/networks"): {
        "name": "fields", "overlay_v4": "10.61.0.0/24", "overlay_v6": "fd61::/64",
        "dns_domain": "fields.test", "requires_approval": True,
        "key_rotation_max_age_seconds": 60, "bootstrap_token_ttl_seconds": 60,
        "bootstrap_token_uses": 2, "bootstrap_token_tags": ["a"]},
    ("POST", "/v1/networks/{net}/tokens"): {
        "ttl_seconds": 60, "uses": 2, "tags": ["a"], "owner_user_id": "u", "owner_email": "e",
        "owner_is_admin": True},
    ("PUT", "/v1/networks/{net}/acl"): {"policy": {"default_action": "allow", "rules": [
        {"action": "deny", "src": {"any": False, "tags": ["t"], "node_ids": ["i"],
                                   "names": ["n"]}, "dst": {"any": True}}]}},
    ("PUT", "/v1/networks/{net}/key-policy"): {"max_age_seconds": 60},
    ("POST", "/v1/register"): {
        "token": "{token}", "node_name": "fields", "machine_public_key": random_key(),
        "wg_public_key": random_key()},
    ("POST", "/v1/register-url"): {
        "network_id": "{net}", "node_name": "fields-url", "machine_public_key": random_key(),
        "wg_public_key": random_key(), "ttl_seconds": 60},
    ("PUT", "/v1/admin/nodes/{node}"): {"name": "fields-renamed", "tags": ["a"]},
    ("POST", "/v1/nodes/{node}/rotate-keys"): {
        "machine_public_key": random_key(), "wg_public_key": random_key()},
    ("POST", "/v1/heartbeat"): {
        "node_id": "{node}", "endpoints": ["1.2.3.4:5"], "listen_port": 5, "probe": True,
        "routes": [{"prefix": "10.62.0.0/16", "kind": "subnet", "enabled": True,
                    "mapped_prefix": "10.63.0.0/16"}]},
}
# Where a member of that name may be missing although the protocol's page has no default for it.
MAY_BE_MISSING = {("CreateToken", "tags"), ("Heartbeat", "endpoints"), ("Heartbeat", "routes"),
                  ("KeyPolicy", "max_age_seconds"), ("Route", "enabled")}


def changes(kind, value, path=()):
    """(path, wrong value) for everything in `value`, a type's, that can be wrong."""
    for name, spec in v1_protocol.TYPES[kind].items():
        inner, equals, _ = spec.partition("=")
        nullable, inner = inner.endswith("|null"), inner.removesuffix("|null")
        here = path + (name,)
        if name not in value:
            continue
        if not equals and not nullable and (kind, name) not in MAY_BE_MISSING:
            yield here, None
        if inner.startswith("["):
            for wrong in (5, "text", {}, True):
                yield here, wrong
            if value[name]:
                yield from of_kind(kind, name, inner[1:-1], value[name][0], here + (0,))
        else:
            yield from of_kind(kind, name, inner, value[name], here)


def of_kind(kind, name, inner, value, here):
    if inner in v1_protocol.TYPES:
        for wrong in (5, "text", [], True):
            yield here, wrong
        yield from changes(inner, value, here)
        return
    for wrong in WRONG[inner]:
        if not (isinstance(wrong, str) and wrong in NOT_WRONG.get((kind, name), ())):
            yield here, wrong


def with_change(body, path, wrong):
    body = copy.deepcopy(body)
    at = body
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = wrong
    return body


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("fields"))
    yield made
    made.server.close()


def refusals(world, method, path, body, status, word):
    """None when it is refused as it should be, else what was wrong with that."""
    answer = world.server.request(method, world.fill(path), world.fill(body))
    text = answer.json.get("error", "")
    # Numbers that do not fit are refused by place.
    named = word in text or "too big integer" in text
    if answer.status == status and list(answer.json) == ["error"] and named and text.isprintable():
        return None
    return f"{method} {path} {str(body)[:200]}: {answer!r} lacks {word}"


def may_be_dropped(path, at, value):
    """Texts of endpoints and routes: a heartbeat goes on without them (test_v1_clients.py)."""
    return (path == "/v1/heartbeat" and isinstance(value, str) and len(at) > 1
            and at[0] in ("endpoints", "routes"))


@pytest.mark.parametrize("method,path", BODIES)
def test_every_member(world, method, path):
    before = world.snapshot()
    body = BODIES[method, path]
    kind = v1_protocol.ENDPOINTS[method, path][1]
    wrong = [refusals(world, method, path, with_change(body, at, value), 400,
                      next(step for step in reversed(at) if isinstance(step, str)))
             for at, value in changes(kind, body) if not may_be_dropped(path, at, value)]
    assert len(wrong) > 5
    assert [text for text in wrong if text] == []
    assert world.snapshot() == before


@pytest.mark.parametrize("method,path", BODIES)
def test_members_that_occur_twice(world, method, path):
    before = world.snapshot()
    body = world.fill(BODIES[method, path])
    for name in body:
        text = json.dumps(body)[:-1] + f", {json.dumps(name)}: {json.dumps(body[name])}}}"
        answer = world.server.request(method, world.fill(path), text.encode())
        assert answer.status == 400 and "duplicate" in answer.error, name
    assert world.snapshot() == before


def test_the_bodies_are_right_otherwise(tmp_path):
    """So that what was refused above was refused for the one member."""
    world = World(tmp_path)
    try:
        for (method, path), body in BODIES.items():
            answer = world.server.request(method, world.fill(path), world.fill(body))
            assert answer.status == 200, f"{method} {path}: {answer!r}"
        assert set(BODIES) == {key for key, row in v1_protocol.ENDPOINTS.items() if row[1]}
    finally:
        world.server.close()


def test_every_endpoint_wants_its_credential(world):
    before = world.snapshot()
    for (method, path), (who, _, _) in v1_protocol.ENDPOINTS.items():
        if who == "anyone":
            continue
        body = BODIES.get((method, path))
        for token in (None, world.other.token if who == "node" else world.node.token):
            answer = world.server.request(method, world.fill(path), world.fill(body), token)
            assert answer.status == 401 and list(answer.json) == ["error"], (method, path, token)
    assert world.snapshot() == before


def test_every_path_says_its_methods(world):
    paths = {path for _, path in v1_protocol.ENDPOINTS}
    for path in paths:
        has = {method for method, its in v1_protocol.ENDPOINTS if its == path}
        filled = world.fill(path.replace("{secret}", "x"))
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - has:
            answer = world.server.request(method, filled, b"{}" if method != "GET" else None)
            if (path, method) == ("/v1/networks/{net}", "PUT"):
                assert answer.status == 400  # ours, and it wants a member
                continue
            if path in ("/v1/networks", "/v1/networks/{net}") and method == "GET":
                assert answer.status == 200  # ours
                continue
            assert answer.status == 405 and has <= set(
                answer.headers["Allow"].replace(" ", "").split(",")), (method, path)


@pytest.mark.parametrize("bad", [NO_ID, "x", "x" * 300, "..", "a%2F..%2Fb", "%2e%2e", "a%00b",
                                 "%ff", "a%0d%0ab", "%", "a b".replace(" ", "%20")])
def test_every_path_with_an_id_that_is_none(world, bad):
    for (method, path), _ in v1_protocol.ENDPOINTS.items():
        for part in ("{net}", "{node}", "{token}"):
            if part not in path or (part == "{token}" and bad == ".."):
                continue
            filled = world.fill(path.replace(part, bad).replace("{secret}", "x"))
            answer = world.server.request(method, filled,
                                          world.fill(BODIES.get((method, path))))
            assert answer.status in (404, 405), (method, filled, answer)
            assert list(answer.json) == ["error"] and answer.error.isprintable()
