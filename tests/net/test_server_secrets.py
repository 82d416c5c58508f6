# SPDX-License-Identifier: Apache-2.0
"""Each secret opens its own door and no other, for as long as it is good; and none of them can be
read in what the server writes."""
import base64
import glob
import itertools
import json

import pytest

from server_fixtures import ADMIN, LocalServer, random_key, wait_until

pytestmark = pytest.mark.main_subset

_numbers = itertools.count(1)


def another_source():
    """Failed attempts count against their source: each request here comes from its own."""
    number = next(_numbers)
    return {"X-Forwarded-For": f"10.9.{number // 250}.{number % 250 + 1}"}


def registration(**fields):
    return {"node_name": f"n{next(_numbers)}", "machine_public_key": random_key(),
            "wg_public_key": random_key(), **fields}


class World:
    """Two nodes a and b, two requests to join p and q, and the secret of everything."""

    def __init__(self, directory):
        self.server = LocalServer(directory, "--trusted-proxy", "127.0.0.1").start()
        self.network = self.server.network()
        self.secrets = {"admin": ADMIN, "enrolment": self.server.token(self.network)}
        tokens = self.server.api("GET", f"/v1/networks/{self.network['id']}/tokens")["tokens"]
        self.public_id = tokens[0]["token"]
        self.ids = {}
        for name in ("a", "b"):
            node = self.server.register(self.secrets["enrolment"], name)
            self.ids[name] = node.id
            self.secrets[f"node {name}"] = node.token
        for name in ("p", "q"):
            made = self.server.register_url(self.network, name)
            self.ids[name] = made["node_id"]
            self.secrets[f"node {name}"] = made["node_token"]
            self.secrets[f"approval {name}"] = made["auth_path"].split("/")[-1]

    def ask(self, method, path, body=None, token=None):
        return self.server.request(method, path, body, token, another_source())

    def doors(self):
        """What can be opened: a name, who may, and a request that tries a secret."""
        net = f"/v1/networks/{self.network['id']}"
        for method, path, body in (
                ("GET", "/v1/networks", None), ("GET", "/v1/audit?limit=1", None),
                ("GET", f"/v1/admin{net[3:]}/nodes", None), ("GET", f"{net}/tokens", None),
                ("PUT", f"{net}/acl", {"policy": {}}),
                ("PUT", f"/v1/admin/nodes/{self.ids['a']}", {"tags": ["x"]})):
            yield (f"{method} {path}", {"admin"},
                   lambda s, method=method, path=path, body=body: self.ask(method, path, body, s))
        for name, node in self.ids.items():
            may = {"admin", f"node {name}"}
            beat = {"node_id": node, "endpoints": [], "routes": []}
            yield (f"heartbeat of {name}", may,
                   lambda s, beat=beat: self.ask("POST", "/v1/heartbeat", beat, s))
            yield (f"rotate-keys of {name}", may, lambda s, node=node: self.ask(
                "POST", f"/v1/nodes/{node}/rotate-keys", {"wg_public_key": random_key()}, s))
            for path in (f"/v1/netmap/{node}", f"/v1/netmap/{node}/longpoll?since=0",
                         f"/v1/nodes/{node}/keys"):
                yield (f"{path} of {name}", may, lambda s, path=path: self.ask("GET", path, None, s))
            yield (f"approval of {name}", {f"approval {name}"}, lambda s, node=node: self.ask(
                "GET", f"/v1/register/approve/{node}/{s}"))
        yield ("register", {"enrolment"}, lambda s: self.ask(
            "POST", "/v1/register", registration(token=s)))

    def entries(self):
        return self.server.api("GET", "/v1/audit?limit=10000")["entries"]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.server.close()


def try_every_key_in_every_door(world):
    keys = {**world.secrets, "public id": world.public_id, "guess": "A" * 43,
            "enrolment, one letter off": world.secrets["enrolment"][:-1],
            "enrolment and more": world.secrets["enrolment"] + "A"}
    before = world.entries()
    tried = {401: 0, 200: 0}
    for expected in (401, 200):  # what must not open first, so that nothing has changed by then
        for door, may, knock in world.doors():
            for key, secret in keys.items():
                if (key in may) != (expected == 200):
                    continue
                answer = knock(secret)
                assert answer.status == expected, f"{door} with {key}: {answer!r}"
                assert secret not in answer.body.decode() or expected == 200
                tried[expected] += 1
        if expected == 401:
            assert world.entries() == before
    return tried


def test_each_secret_opens_its_own_door_only(world):
    """Also when the requests to join are approved, and when all is read back from the file."""
    tried = try_every_key_in_every_door(world)
    assert tried[200] == 6 + 4 * 2 * 5 + 2 + 1 and tried[401] > 250
    nodes = world.server.api("GET", f"/v1/admin/networks/{world.network['id']}/nodes")["nodes"]
    assert all(node["approved"] for node in nodes)
    assert try_every_key_in_every_door(world) == tried
    assert world.server.stop() == 0
    world.server.start()
    assert try_every_key_in_every_door(world) == tried


def fails(world, token, why):
    before = world.entries()
    answer = world.ask("POST", "/v1/register", registration(token=token))
    assert (answer.status, answer.error) == (
        401, f"enrolment token is {why}; ask an admin for a new one")
    assert world.entries() == before


def test_spent_enrolment_tokens(world):
    server = world.server
    used = server.token(world.network, uses=1)
    server.register(used)
    by_secret, by_id = server.token(world.network), server.token(world.network)
    server.api("POST", f"/v1/tokens/{by_secret}/revoke")
    shown = [entry["detail"]["id"] for entry in world.entries() if entry["action"] == "token.create"]
    server.api("POST", f"/v1/tokens/{shown[-1]}/revoke")
    other = server.network("other")
    orphan = server.token(other)
    server.api("DELETE", f"/v1/networks/{other['id']}")
    late = server.token(world.network, ttl_seconds=1)
    tokens = server.api("GET", f"/v1/networks/{world.network['id']}/tokens")["tokens"]
    expires_at = min(token["expires_at"] for token in tokens)
    wait_until(expires_at)
    for _ in range(2):
        fails(world, used, "used up")
        fails(world, by_secret, "revoked")
        fails(world, by_id, "revoked")
        fails(world, orphan, "unknown")
        fails(world, late, "expired")
        assert server.stop() == 0
        server.start()


def test_expired_approval_link(world):
    made = world.server.register_url(world.network, "late", ttl_seconds=1)
    wait_until(made["expires_at"])
    answer = world.ask("GET", made["auth_path"])
    assert (answer.status, answer.error) == (
        401, "approval link has expired; register again, or ask an admin")
    netmap = world.server.api("GET", f"/v1/netmap/{made['node_id']}", token=made["node_token"])
    assert netmap["node"]["approved"] is False
    # Once an admin has approved, it says so, as any link does; and still only of its own node.
    world.server.api("POST", f"/v1/admin/nodes/{made['node_id']}/approve")
    assert world.ask("GET", made["auth_path"]).status == 200
    wrong = made["auth_path"].replace(made["node_id"], world.ids["p"])
    assert world.ask("GET", wrong).status == 401


def test_a_deleted_node_leaves_its_token_worthless(world):
    token = world.secrets["node a"]
    world.server.api("DELETE", f"/v1/nodes/{world.ids['a']}")
    assert world.ask("GET", f"/v1/netmap/{world.ids['a']}", None, token).status == 404
    for name in ("b", "p"):
        assert world.ask("GET", f"/v1/netmap/{world.ids[name]}", None, token).status == 401
    assert world.ask("POST", "/v1/register", registration(token=token)).status == 401


def read_files(world):
    """Everything that the server has written, by file name."""
    found = {}
    for path in glob.glob(world.server.directory + "/server.*"):
        with open(path, "rb") as file:
            found[path] = file.read()
    return found


def expect_no_secret(world, files):
    for name, secret in world.secrets.items():
        raw = base64.urlsafe_b64decode(secret + "=") if name != "admin" else secret.encode()
        for form in (secret.encode(), raw, raw.hex().encode(), base64.b64encode(raw)):
            for path, content in files.items():
                assert form not in content, f"{name} in {path}"


def test_no_secret_in_what_the_server_writes(world):
    try_every_key_in_every_door(world)
    # What goes wrong may be logged, but not with what was shown.
    world.secrets["mistyped"] = base64.urlsafe_b64encode(b"a secret that opens nothing here").rstrip(
        b"=").decode()
    for _, _, knock in world.doors():
        assert knock(world.secrets["mistyped"]).status == 401
    for method in ("HEAD", "POST", "DELETE"):
        path = f"/v1/register/approve/{world.ids['p']}/{world.secrets['approval p']}"
        assert world.ask(method, path).status == 405
    live = read_files(world)
    assert {path.rsplit("server.", 1)[1] for path in live} >= {"db", "db-wal", "log"}
    audit = json.dumps(world.entries()).encode()
    expect_no_secret(world, {**live, "audit": audit})
    assert world.server.stop() == 0
    stopped = read_files(world)
    expect_no_secret(world, stopped)
    # What may be there is: the search would find a secret.
    for files in (live, stopped):
        kept = b"".join(content for path, content in files.items() if ".db" in path)
        assert world.public_id.encode() in kept and world.ids["a"].encode() in kept
    log = live[world.server.log_path]
    assert b"event=auth.failed" in log and world.public_id.encode() in log
    assert world.public_id.encode() in audit
