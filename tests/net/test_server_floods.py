# SPDX-License-Identifier: Apache-2.0
"""Floods of requests to join and of key rotations, by people who have no token of an admin: what
they hold, what they leave behind, and that others get in all the same."""
import sqlite3
import time
import uuid

import pytest

from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, random_key

WAITING_MAX = 48  # requests of one source in one network
ROTATIONS = 20    # of a node, in a burst


class Site:
    """A server behind a trusted proxy."""

    def __init__(self, directory):
        self.server = LocalServer(directory, "--trusted-proxy", "127.0.0.1").start()

    def ask(self, network, source, name=None, connection=None, **fields):
        body = {"network_id": network["id"], "node_name": name or "n-" + uuid.uuid4().hex[:12],
                "machine_public_key": random_key(), "wg_public_key": random_key(), **fields}
        return self.server.request("POST", "/v1/register-url", body, None,
                                   {"X-Forwarded-For": source}, connection)

    def flood(self, network, sources, each, **fields):
        """The answers to requests of all sources, in turns."""
        connection = self.server.connect()
        answers = [self.ask(network, source, connection=connection, **fields)
                   for _ in range(each) for source in sources]
        connection.close()
        return answers

    def nodes(self, network):
        return self.server.api("GET", f"/v1/admin/networks/{network['id']}/nodes")["nodes"]

    def count(self, sql, *values):
        with sqlite3.connect(f"file:{self.server.state}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM " + sql, values).fetchone()[0]

    def audit(self, network, action):
        return self.count("audit WHERE network_id = ? AND action = ?", network["id"], action)


@pytest.fixture
def own_site(tmp_path):
    """For a test that kills the server."""
    made = Site(tmp_path)
    yield made
    made.server.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("floods"))
    yield made
    made.server.close()


def statuses(answers):
    return [answer.status for answer in answers]


@pytest.mark.main_subset
@pytest.mark.parametrize("mine,others", [
    (["192.0.2.1"], "192.0.2.2"),
    ([f"2001:db8:0:1::{i:x}" for i in range(1, 5)], "2001:db8:0:2::1")], ids=["v4", "v6"])
def test_one_source(site, mine, others):
    network = site.server.network()
    answers = site.flood(network, mine, 200 // len(mine))
    assert statuses(answers) == [200] * WAITING_MAX + [409] * (200 - WAITING_MAX)
    assert "48 requests from this address wait for approval" in answers[-1].error
    assert len(site.nodes(network)) == WAITING_MAX
    assert site.audit(network, "node.register_url") == WAITING_MAX
    assert site.ask(network, others).status == 200


def test_an_office_behind_one_address(site):
    """Its machines ask all at once, and wait for an admin."""
    network = site.server.network(join="admin")
    answers = site.flood(network, ["203.0.113.9"], 40)
    assert statuses(answers) == [200] * 40
    for answer in answers:
        site.server.api("POST", f"/v1/admin/nodes/{answer.json['node_id']}/approve")
    assert all(node["approved"] for node in site.nodes(network))


def test_many_sources(site):
    """They take half of the addresses; who comes later gets a share, and tokens get all."""
    network = site.server.network(overlay_v4="10.77.0.0/26")  # 53 addresses
    sources = [f"198.51.100.{i}" for i in range(50)]
    answers = site.flood(network, sources[:10], 3)
    assert statuses(answers) == [200] * 27 + [409] * 3
    assert "27 nodes of this network wait for approval already" in answers[-1].error
    assert site.ask(network, "203.0.113.1").status == 200
    token = site.server.token(network)
    nodes = [site.server.register(token) for _ in range(53)]
    assert {node["id"] for node in site.nodes(network)} == {node.id for node in nodes}
    refused = site.ask(network, "203.0.113.2")
    assert refused.status == 409 and "address" in refused.error
    assert site.audit(network, "node.delete") == 28


def test_a_token_gets_what_a_request_holds(site):
    network = site.server.network()
    squat = site.ask(network, "192.0.2.1", "db1").json
    assert site.ask(network, "192.0.2.2", "DB1").status == 409
    node = site.server.register(site.server.token(network), "DB1")
    assert node.name == "DB1" and [it["id"] for it in site.nodes(network)] == [node.id]
    for headers in ({}, {"Accept": "text/html"}):
        gone = site.server.request("GET", squat["auth_path"], token=None, headers=headers)
        assert gone.status == 404
    assert site.server.request("GET", f"/v1/netmap/{squat['node_id']}",
                               token=squat["node_token"]).status in (401, 404)
    # What is approved stays.
    taken = site.server.request("POST", "/v1/register", {
        "token": site.server.token(network), "node_name": "db1",
        "machine_public_key": random_key(), "wg_public_key": random_key()}, None)
    assert taken.status == 409


@pytest.mark.main_subset
def test_rotations(site):
    network = site.server.network()
    token = site.server.token(network)
    node, other = site.server.register(token), site.server.register(token)

    def rotate(which, credential=None):
        return site.server.request("POST", f"/v1/nodes/{which.id}/rotate-keys",
                                   {"wg_public_key": random_key()}, credential or which.token)

    answers = [rotate(node) for _ in range(ROTATIONS + 30)]
    assert statuses(answers) == [200] * ROTATIONS + [429] * 30
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert "key rotations of this node" in answers[-1].error
    assert rotate(other).status == 200 and rotate(node, ADMIN).status == 200
    assert site.audit(network, "keys.rotate") == ROTATIONS + 2
    assert node.revision() == other.revision()


def test_requests_expire_in_the_background(own_site):
    """Also over a restart, and without anybody who asks."""
    site, server = own_site, own_site.server
    network = server.network()
    old = site.flood(network, ["192.0.2.1"], 10, ttl_seconds=3)
    stays = site.ask(network, "192.0.2.2", ttl_seconds=3600).json
    listed = {node["id"]: node["approval_expires_at"] for node in site.nodes(network)}
    assert listed == {it["node_id"]: it["expires_at"]
                      for it in [answer.json for answer in old] + [stays]}
    server.kill()
    server.start()
    assert len(site.nodes(network)) == 11
    wait_for(lambda: site.count("nodes") == 1, 60, "the sweep")
    assert time.time() >= old[0].json["expires_at"]
    assert [node["id"] for node in site.nodes(network)] == [stays["node_id"]]
    entries = server.api("GET", "/v1/audit?limit=10")["entries"]
    assert {(it["action"], it["actor"], it["source"]) for it in entries} == {
        ("node.delete", "server", None)}
    again = server.api("GET", stays["auth_path"], token=None)
    assert again["approved"] and "approval_expires_at" not in site.nodes(network)[0]
