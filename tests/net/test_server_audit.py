# SPDX-License-Identifier: Apache-2.0
"""The audit log: every kind of change, by everyone who can make it, from where."""
import json
import os
import re
import sqlite3
import uuid

import pytest

from server_fixtures import ADMIN, TOP, LocalServer, random_key, wait_until

pytestmark = pytest.mark.main_subset

ADMIN_IP = "198.51.100.1"
NODE_IP = "2001:db8::2"
GUEST_IP = "203.0.113.3"


class Site:
    """A server behind a trusted proxy, and what its audit log is expected to hold."""

    def __init__(self, directory):
        self.server = LocalServer(directory, "--trusted-proxy", "127.0.0.1").start()
        self.seen = set()

    def entries(self, query=""):
        return self.server.api("GET", "/v1/audit" + query)["entries"]

    def call(self, method, path, body=None, token=ADMIN, source=ADMIN_IP):
        """A request that must succeed, through the proxy."""
        return self.server.api(method, path, body, token,
                               headers={"X-Forwarded-For": source} if source else None)

    def expect(self, *expected):
        """The newest entries, as (action, network, node, actor, actor_id, source)."""
        newest = self.entries(f"?limit={len(expected)}")
        assert [(e["action"], e["network_id"], e["node_id"], e["actor"], e["actor_id"],
                 e["source"]) for e in newest] == list(expected)
        self.seen |= {(e["action"], e["actor"]) for e in newest}

    def network(self, **fields):
        return self.call("POST", "/v1/networks", {"name": "net", **fields})

    def register(self, token, source=NODE_IP):
        body = {"token": token, "node_name": "n-" + os.urandom(6).hex(),
                "machine_public_key": random_key(), "wg_public_key": random_key()}
        answer = self.call("POST", "/v1/register", body, None, source)
        return answer["netmap"]["node"]["id"], answer["node_token"]

    def register_url(self, network, name, ttl_seconds=600, source=GUEST_IP):
        body = {"network_id": network, "node_name": name, "ttl_seconds": ttl_seconds,
                "machine_public_key": random_key(), "wg_public_key": random_key()}
        return self.call("POST", "/v1/register-url", body, None, source)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("audit"))
    yield made
    made.server.close()


def change_networks_and_tokens(site):
    answer = site.network(bootstrap_token_ttl_seconds=60)
    net = answer["network"]["id"]
    by_admin = ("admin", None, ADMIN_IP)
    site.expect(("network.create", net, None, *by_admin), ("token.create", net, None, *by_admin))
    site.call("POST", f"/v1/networks/{net}/tokens", {"ttl_seconds": 60, "uses": 1, "tags": []})
    site.expect(("token.create", net, None, *by_admin))
    site.call("POST", f"/v1/tokens/{answer['bootstrap_token']['token']}/revoke")
    site.expect(("token.revoke", net, None, *by_admin))
    site.call("PUT", f"/v1/networks/{net}", {"join": "off"})
    site.expect(("network.update", net, None, *by_admin))
    site.call("PUT", f"/v1/networks/{net}/acl", {"policy": {}})
    site.expect(("acl.update", net, None, *by_admin))
    site.call("PUT", f"/v1/networks/{net}/key-policy", {"max_age_seconds": 99999})
    site.expect(("key_policy.update", net, None, *by_admin))
    site.call("DELETE", f"/v1/networks/{net}")
    site.expect(("network.delete", net, None, *by_admin))


def change_nodes(site):
    answer = site.network(bootstrap_token_ttl_seconds=60, revocation="rotate")
    net = answer["network"]["id"]
    node, token = site.register(answer["bootstrap_token"]["token"])
    public_id = site.entries(f"?network_id={net}&limit=2")[0]["detail"]["id"]
    assert [t["token"] for t in site.call("GET", f"/v1/networks/{net}/tokens")["tokens"]] == [
        public_id]
    site.expect(("node.register", net, node, "enrolment_token", public_id, NODE_IP))
    by_admin = ("admin", None, ADMIN_IP)
    site.call("PUT", f"/v1/admin/nodes/{node}", {"tags": ["t"]})
    site.expect(("node.update", net, node, *by_admin))
    rotate = f"/v1/nodes/{node}/rotate-keys"
    site.call("POST", rotate, {"wg_public_key": random_key()}, token, NODE_IP)
    site.expect(("keys.rotate", net, node, "node", node, NODE_IP))
    site.call("POST", rotate, {"machine_public_key": random_key()})
    site.expect(("keys.rotate", net, node, *by_admin))
    site.call("POST", f"/v1/nodes/{node}/revoke")
    site.expect(("keys.revoke", net, node, *by_admin))
    # A revoked node may come back by itself, and the log says that it was not the admin.
    site.call("POST", rotate, {"wg_public_key": random_key()}, token, NODE_IP)
    site.expect(("keys.rotate", net, node, "node", node, NODE_IP))
    site.call("DELETE", f"/v1/nodes/{node}")
    site.expect(("node.delete", net, node, *by_admin))


def change_guests(site):
    net = site.network()["network"]["id"]
    guest = site.register_url(net, "guest")
    node = guest["node_id"]
    site.expect(("node.register_url", net, node, "anyone", None, GUEST_IP))
    site.call("GET", guest["auth_path"], token=None, source=NODE_IP)
    site.expect(("node.approve", net, node, "approval_link", node, NODE_IP))
    # Whatever else a request shows, it is the link that opens.
    link = site.register_url(net, "other")
    site.call("GET", link["auth_path"])
    site.expect(("node.approve", net, link["node_id"], "approval_link", link["node_id"], ADMIN_IP))
    other = site.register_url(net, "third")["node_id"]
    site.call("POST", f"/v1/admin/nodes/{other}/approve")
    site.expect(("node.approve", net, other, "admin", None, ADMIN_IP))


def let_a_request_expire(site):
    """A request to join that nobody approved in time gives way to the next one."""
    net = site.network()["network"]["id"]
    late = site.register_url(net, "laptop", ttl_seconds=1)
    wait_until(late["expires_at"])
    again = site.register_url(net, "laptop")["node_id"]
    site.expect(("node.register_url", net, late["node_id"], "anyone", None, GUEST_IP),
                ("node.delete", net, late["node_id"], "server", None, None),
                ("node.register_url", net, again, "anyone", None, GUEST_IP))


def test_every_change_by_everyone(site):
    """Nothing is left out: all actions and all actors that the protocol lists are there."""
    change_networks_and_tokens(site)
    change_nodes(site)
    change_guests(site)
    let_a_request_expire(site)
    with open(os.path.join(TOP, "docs", "protocol.md"), encoding="utf-8") as file:
        part = file.read().split("**AuditEntry**")[1].split("**AclPolicy**")[0]
    actions = set(re.findall(r"`(\w+\.\w+)`", part))
    actors = set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))
    assert len(actions) == 14 and len(actors) == 6
    assert {action for action, _ in site.seen} == actions
    assert {actor for _, actor in site.seen} == actors


def test_what_leaves_no_entry(site):
    """Refusals, changes that change nothing, heartbeats, and everything that only reads."""
    answer = site.network(bootstrap_token_ttl_seconds=60, bootstrap_token_uses=2)
    net, secret = answer["network"]["id"], answer["bootstrap_token"]["token"]
    node, token = site.register(secret)
    other, _ = site.register(secret)
    guest = site.register_url(net, "guest")
    site.call("GET", guest["auth_path"], token=None)
    site.call("POST", f"/v1/nodes/{other}/revoke")
    site.call("POST", f"/v1/tokens/{secret}/revoke")
    before = site.entries()
    site.call("GET", guest["auth_path"], token=None)
    site.call("POST", f"/v1/admin/nodes/{guest['node_id']}/approve")
    site.call("POST", f"/v1/nodes/{other}/revoke")
    site.call("POST", f"/v1/tokens/{secret}/revoke")
    beat = {"node_id": node, "endpoints": ["192.0.2.1:1"], "routes": [], "probe": True}
    site.call("POST", "/v1/heartbeat", beat, token)
    for path in (f"/v1/netmap/{node}", f"/v1/nodes/{node}/keys", f"/v1/networks/{net}/acl"):
        site.call("GET", path)
    for request in (("DELETE", f"/v1/networks/{net}"),  # it has nodes
                    ("DELETE", f"/v1/nodes/{node}", None, token),
                    ("PUT", f"/v1/networks/{net}/acl", {"policy": {"rules": 1}}),
                    ("POST", f"/v1/nodes/{node}/rotate-keys", {}, token)):
        assert site.server.request(*request).status in (400, 401, 409), request
    assert site.entries() == before


def test_sources(site, tmp_path):
    """The peer itself without a proxy's header; nobody's where the proxy names no address; and a
    header that no trusted proxy sent is not believed."""
    for source, shown in ((None, "127.0.0.1"), ("6.6.6.6, 192.0.2.9", "192.0.2.9"),
                          ("2001:DB8::0:1", "2001:db8::1"), ("unknown", None)):
        net = site.call("POST", "/v1/networks", {"name": "net"}, source=source)["network"]["id"]
        site.expect(("network.create", net, None, "admin", None, shown))
    direct = Site(tmp_path)
    try:
        direct.server.stop()
        direct.server.args = []
        direct.server.start()
        net = direct.network()["network"]["id"]
        direct.expect(("network.create", net, None, "admin", None, "127.0.0.1"))
    finally:
        direct.server.close()


def test_entries_outlive_the_server(site):
    site.network()
    before = site.entries()
    assert site.server.stop() == 0
    site.server.start()
    assert site.entries() == before and before[-1]["actor"] == "admin"


def test_paging_goes_on_from_an_entry_that_was_deleted(tmp_path):
    """The log forgets old entries of strangers, also while somebody reads it."""
    server = LocalServer(tmp_path).start()
    try:
        for _ in range(5):
            server.network()
        ids = [entry["id"] for entry in server.api("GET", "/v1/audit")["entries"]]
        server.stop()
        with sqlite3.connect(server.state) as database:
            database.execute("DELETE FROM audit WHERE id = ?", (ids[2],))
        database.close()
        server.start()

        def page(query):
            return [entry["id"] for entry in server.api("GET", "/v1/audit?" + query)["entries"]]
        assert page(f"before={ids[2]}") == ids[:2] and page(f"after={ids[2]}") == ids[3:]
        assert page(f"limit=1&before={ids[2]}") == ids[1:2]
        for never in (str(uuid.uuid4()), "ffffffff-ffff" + ids[0][13:]):
            assert server.request("GET", f"/v1/audit?before={never}").status == 400
    finally:
        server.close()


def test_the_longest_answer(tmp_path):
    """As many entries as one answer may have, each with all that an entry can have."""
    server = LocalServer(tmp_path).start()
    try:
        network = server.network()["id"]
        server.stop()
        rows = [(str(uuid.uuid4()), 1700000000 + i, network, str(uuid.uuid4()), "node.register_url",
                 "n" * 128, "enrolment_token", str(uuid.uuid4()),
                 "2001:db8:1111:2222:3333:4444:5555:6666") for i in range(10001)]
        database = sqlite3.connect(server.state)
        with database:
            database.executemany(
                "INSERT INTO audit (id, timestamp, network_id, node_id, action, detail, actor,"
                " actor_id, source) VALUES (?,?,?,?,?,?,?,?,?)", rows)
        database.close()
        server.start()
        # Not through the document of the API, which would look at each of them for long.
        connection = server.connect()
        connection.request("GET", "/v1/audit?limit=10000", headers={"Authorization": "Bearer " + ADMIN})
        answer = connection.getresponse()
        assert answer.status == 200
        entries = json.load(answer)["entries"]
        connection.close()
        assert [entry["id"] for entry in entries] == [row[0] for row in rows[1:]]
    finally:
        server.close()
