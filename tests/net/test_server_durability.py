# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle of registrations and updates, again and again: every change that was
acknowledged is there afterwards, addresses are unique, revisions never go back."""
import http.client
import random
import threading
import uuid

from lab.wait import wait_for
from server_fixtures import LocalServer, random_key

ROUNDS = 50
WRITERS = 4


class Writer(threading.Thread):
    """Registers nodes, renames them, moves their endpoints; notes what was acknowledged, and what
    was under way when the server died."""

    def __init__(self, storm):
        super().__init__()
        self.storm = storm
        self.server = storm.server
        self.mine = []
        self.random = random.Random(id(self))

    def run(self):
        connection = self.server.connect(timeout=10)
        try:
            while True:
                self.step(connection)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def step(self, connection):
        storm = self.storm
        if not self.mine or self.random.random() < 0.5:
            name = "n-" + uuid.uuid4().hex[:16]
            answer = self.call(connection, "POST", "/v1/register", {
                "token": storm.token, "node_name": name, "machine_public_key": random_key(),
                "wg_public_key": random_key()}, None)
            node = answer["netmap"]["node"]
            storm.see_revision(answer["netmap"]["revision"])
            storm.nodes[node["id"]] = {"name": {name}, "ipv4": node["ipv4"],
                                       "ipv6": node["ipv6"], "endpoint": {None},
                                       "token": answer["node_token"]}
            self.mine.append(node["id"])
            return
        node_id = self.random.choice(self.mine)
        known = storm.nodes[node_id]
        if self.random.random() < 0.5:
            name = "r-" + uuid.uuid4().hex[:16]
            known["name"].add(name)
            self.call(connection, "PUT", f"/v1/admin/nodes/{node_id}", {"name": name})
            known["name"] = {name}
        else:
            endpoint = f"192.0.2.1:{self.random.randint(1, 65535)}"
            known["endpoint"].add(endpoint)
            answer = self.call(connection, "POST", "/v1/heartbeat", {
                "node_id": node_id, "endpoints": [endpoint], "routes": []})
            known["endpoint"] = {endpoint}
            storm.see_revision(answer["netmap"]["revision"])
        storm.acknowledged += 1

    def call(self, connection, method, path, body, *token):
        answer = self.server.request(method, path, body, *token, connection=connection)
        assert answer.status == 200, answer
        return answer.json


class Storm:
    def __init__(self, directory):
        self.server = LocalServer(directory).start()
        self.network = self.server.network("storm", overlay_v4="10.62.0.0/16")
        self.token = self.server.token(self.network, uses=1000000)
        self.nodes = {}
        self.revision = 0
        self.acknowledged = 0
        self.lock = threading.Lock()

    def see_revision(self, revision):
        with self.lock:
            self.revision = max(self.revision, revision)

    def round(self, changes):
        """Some writers at work until so many changes more are acknowledged; then kill -9."""
        goal = len(self.nodes) + self.acknowledged + changes
        writers = [Writer(self) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        wait_for(lambda: len(self.nodes) + self.acknowledged >= goal, 20, "changes")
        self.server.kill()
        for writer in writers:
            writer.join()
        self.server.start()

    def check(self):
        listed = self.server.api("GET", f"/v1/admin/networks/{self.network['id']}/nodes")["nodes"]
        found = {node["id"]: node for node in listed}
        for node_id, known in self.nodes.items():
            node = found[node_id]
            assert node["name"] in known["name"], (node, known)
            assert (node["endpoints"] or [None])[0] in known["endpoint"], (node, known)
            assert (node["ipv4"], node["ipv6"]) == (known["ipv4"], known["ipv6"])
            # What was under way is decided now.
            known["name"], known["endpoint"] = {node["name"]}, {(node["endpoints"] or [None])[0]}
        for field in ("id", "name", "ipv4", "ipv6", "wg_public_key"):
            values = [node[field] for node in listed]
            assert len(set(values)) == len(values), field
        revision = self.server.api("GET", f"/v1/netmap/{listed[0]['id']}")["revision"]
        assert revision >= self.revision
        self.revision = revision


def test_killed_in_a_storm(tmp_path):
    storm = Storm(tmp_path)
    for i in range(ROUNDS):
        storm.round(3 + i % 20)
        storm.check()
    some = random.Random(1).sample(sorted(storm.nodes), 20)
    for node_id in some:  # node tokens are among what was acknowledged
        storm.server.api("GET", f"/v1/netmap/{node_id}", token=storm.nodes[node_id]["token"])
    assert len(storm.nodes) + storm.acknowledged > ROUNDS * 10
    storm.server.close()
