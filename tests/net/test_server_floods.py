# SPDX-License-Identifier: Apache-2.0
"""Requests to join that nobody approves."""
import os
import sqlite3
import time
import uuid

from lab.wait import wait_for
from server_fixtures import LocalServer, random_key

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


def test_requests_expire_in_the_background(tmp_path):
    """Also over a restart, and without anybody who asks."""
    site = Site(tmp_path)
    server = site.server
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
    server.close()
    assert os.path.exists(server.state)
