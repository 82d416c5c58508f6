# SPDX-License-Identifier: Apache-2.0
"""Long-polls: woken by every kind of change, at once, and at no cost while they wait."""
import os
import socket
import struct
import time

import pytest

from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, Waiter, random_key

pytestmark = pytest.mark.main_subset

SOON = 1.0  # a wake-up takes a millisecond or so; the machine may be busy


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LocalServer(tmp_path_factory.mktemp("poll")).start()
    yield made
    made.close()


class Pair:
    def __init__(self, server, **network):
        self.server = server
        self.network = server.network(**network)
        self.token = server.token(self.network)
        self.a = server.register(self.token, "a")
        self.b = server.register(self.token, "b")


def change_rename(pair):
    pair.server.api("PUT", f"/v1/admin/nodes/{pair.b.id}", {"name": "renamed"})


def change_tags(pair):
    pair.server.api("PUT", f"/v1/admin/nodes/{pair.b.id}", {"tags": ["x"]})


def change_acl(pair):
    pair.server.api("PUT", f"/v1/networks/{pair.network['id']}/acl",
                    {"policy": {"default_action": "deny"}})


def change_policy(pair):
    pair.server.api("PUT", f"/v1/networks/{pair.network['id']}/key-policy",
                    {"max_age_seconds": 1000})


def change_join(pair):
    pair.server.register(pair.token, "c")


def change_revoke(pair):
    pair.server.api("POST", f"/v1/nodes/{pair.b.id}/revoke")


def change_delete(pair):
    pair.server.api("DELETE", f"/v1/nodes/{pair.b.id}")


def change_endpoint(pair):
    pair.b.heartbeat(endpoints=["192.0.2.1:1"])


def change_routes(pair):
    pair.b.heartbeat(routes=[{"prefix": "10.0.0.0/8", "kind": "subnet", "enabled": True}])


def change_keys(pair):
    pair.server.api("POST", f"/v1/nodes/{pair.b.id}/rotate-keys", {"wg_public_key": random_key()})


def change_probe(pair):
    pair.b.heartbeat(probe=True)


CHANGES = [value for name, value in sorted(globals().items()) if name.startswith("change_")]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_wakes(server, change):
    pair = Pair(server)
    revision = pair.a.revision()
    waiter = Waiter(pair.a, revision)
    change(pair)
    started = time.monotonic()
    answer = waiter.answer()
    # A probe is no news for those who have the netmap.
    assert answer.status == 200
    assert answer.json["revision"] == revision + (change is not change_probe)
    assert time.monotonic() - started < SOON


def test_approval_wakes_the_pending_node_and_its_peers(server):
    pair = Pair(server)
    made = server.register_url(pair.network, "late")
    revision = pair.a.revision()
    waiter = Waiter(pair.a, revision)
    server.api("GET", made["auth_path"], token=None)
    assert "late" in [p["name"] for p in waiter.answer().json["peers"]]


def test_answered_at_once_when_behind(server):
    pair = Pair(server)
    started = time.monotonic()
    assert pair.a.longpoll(0).json["revision"] == pair.a.revision()
    assert pair.a.longpoll(pair.a.revision() - 1).status == 200
    assert time.monotonic() - started < SOON


def test_answered_after_its_time(server):
    pair = Pair(server)
    revision = pair.a.revision()
    started = time.monotonic()
    answer = pair.a.longpoll(revision, 1)
    assert answer.json["revision"] == revision
    assert 0.9 < time.monotonic() - started < 3
    # The connection stays usable.
    connection = server.connect()
    for _ in range(2):
        answer = server.request("GET", pair.a.longpoll_path(revision, 1), token=pair.a.token,
                                connection=connection)
        assert answer.status == 200
    connection.close()


def test_other_networks_do_not_wake(server):
    pair, other = Pair(server), Pair(server)
    waiter = Waiter(pair.a, pair.a.revision(), 1)
    change_tags(other)
    started = time.monotonic()
    assert waiter.answer().json["revision"] == pair.a.revision()
    assert time.monotonic() - started > 0.5


def test_deleted_node_is_told_at_once(server):
    pair = Pair(server)
    waiter = Waiter(pair.b, pair.b.revision())
    change_delete(pair)
    started = time.monotonic()
    answer = waiter.answer()
    assert answer.status == 404 and answer.error == "unknown node"
    assert time.monotonic() - started < SOON


def test_revoked_node_is_told_at_once(server):
    pair = Pair(server)
    waiter = Waiter(pair.b, pair.b.revision())
    change_revoke(pair)
    netmap = waiter.answer().json
    assert netmap["node"]["revoked"] is True and netmap["peers"] == []


def test_keys_that_come_of_age_wake(server):
    pair = Pair(server, key_rotation_max_age_seconds=2)
    waiter = Waiter(pair.a, pair.a.revision(), 20)
    netmap = waiter.answer().json
    assert netmap["node"]["key_rotation_required"] is True
    assert netmap["node"]["approved"] is False and netmap["peers"] == []


def test_keys_that_came_of_age_while_no_server_ran(server):
    pair = Pair(server, key_rotation_max_age_seconds=1)
    before = pair.a.revision()
    end = time.time() + 2.5
    server.stop()
    wait_for(lambda: time.time() > end, 5, "keys to come of age")
    server.start()
    netmap = Waiter(pair.a, before, 20).answer().json
    assert netmap["revision"] > before and netmap["peers"] == []


def test_heartbeats_do_not_wake_or_write(server):
    pair = Pair(server)
    pair.b.heartbeat(endpoints=["192.0.2.1:1"])
    revision = pair.a.revision()
    wal = server.state + "-wal"
    before = (os.stat(wal).st_size, os.stat(wal).st_mtime_ns)
    waiter = Waiter(pair.a, revision, 1)
    for _ in range(200):
        assert pair.b.heartbeat(endpoints=["192.0.2.1:1"])["revision"] == revision
    assert (os.stat(wal).st_size, os.stat(wal).st_mtime_ns) == before
    assert waiter.answer().json["revision"] == revision
    node = server.api("GET", f"/v1/admin/networks/{pair.network['id']}/nodes")["nodes"][1]
    assert abs(node["last_seen"] - time.time()) < 5


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_waiting_costs_nothing_and_a_change_reaches_all(server):
    pair = Pair(server)
    revision = pair.a.revision()
    waiters = [Waiter(pair.a, revision, 60, ADMIN) for _ in range(300)]
    started = cpu_seconds(server.process.pid)
    pair.b.longpoll(revision, 2)  # two seconds in which nothing happens
    assert cpu_seconds(server.process.pid) - started < 0.1
    change_tags(pair)
    answers = [waiter.answer() for waiter in waiters]
    assert {a.json["revision"] for a in answers} == {revision + 1}


def moves(node, count):
    """That many heartbeats, each with an endpoint that the node never had."""
    for i in range(count):
        node.heartbeat(endpoints=[f"192.0.2.1:{1000 + i}"])


def test_a_flapping_endpoint_wakes_the_others_seldom(server):
    """Each wake-up costs a netmap for every node of the network."""
    pair = Pair(server)
    revision, started, woken = pair.a.revision(), time.monotonic(), 0
    while time.monotonic() - started < 3.5:
        waiter = Waiter(pair.a, revision, 1)
        moves(pair.b, 20)
        after = waiter.answer().json["revision"]
        woken += after > revision
        revision = after
    assert 1 <= woken <= 5
    # Its newest endpoint is in every netmap meanwhile, and in the end all are told.
    assert pair.a.peers()["b"]["endpoints"] == ["192.0.2.1:1019"]
    assert Waiter(pair.a, revision, 20).answer().json["revision"] >= revision + 20


def test_gathered_changes_survive_the_server(tmp_path):
    """The revision is stored with the change, so who waits for it is told after a restart."""
    server = LocalServer(tmp_path).start()
    try:
        pair = Pair(server)
        moves(pair.b, 6)
        before = pair.a.netmap()
        assert before["peers"][0]["endpoints"] == ["192.0.2.1:1005"]
        server.kill()
        server.start()
        after = Waiter(pair.a, before["revision"], 20).answer().json
        assert after["revision"] > before["revision"]
        assert after["peers"][0]["endpoints"] == ["192.0.2.1:1005"]
    finally:
        server.close()


def test_clients_that_go_away_are_freed(server):
    pair = Pair(server)
    revision = pair.a.revision()
    wait_for(lambda: open_files(server) < 30, 10, "the connections of other tests to end")
    waiters = [Waiter(pair.a, revision, 300, ADMIN) for _ in range(50)]
    wait_for(lambda: open_files(server) >= 55, 10, "the polls to arrive")
    for i, waiter in enumerate(waiters):
        if i % 2:  # with a reset
            waiter.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                              struct.pack("ii", 1, 0))
        waiter.connection.close()
    wait_for(lambda: open_files(server) < 30, 10, "the connections to be freed")
    change_tags(pair)
    assert pair.a.revision() == revision + 1


def test_a_newer_poll_of_the_node_replaces_the_older(server):
    """Clients leave a poll when their network changes, and the server may not hear of it."""
    pair = Pair(server)
    revision = pair.a.revision()
    admins = [Waiter(pair.a, revision, 60, ADMIN) for _ in range(2)]
    other = Waiter(pair.b, revision, 60)
    polls = [Waiter(pair.a, revision, 60)]
    for _ in range(5):
        polls.append(Waiter(pair.a, revision, 60))
        answer = polls[-2].answer()
        assert answer.status == 429 and answer.headers["Retry-After"] == "5"
        assert answer.error == "a newer long-poll of this node replaces this one"
    # A heartbeat and other requests pass beside it.
    for _ in range(3):
        pair.a.heartbeat()
        pair.a.netmap()
    change_tags(pair)
    for waiter in (*admins, other, polls[-1]):
        answer = waiter.answer()
        assert answer.status == 200 and answer.json["revision"] == revision + 1


def test_half_closed_client_is_answered(server):
    pair = Pair(server)
    request = (f"GET {pair.a.longpoll_path(pair.a.revision(), 1)} HTTP/1.1\r\n"
               f"Host: server\r\nAuthorization: Bearer {pair.a.token}\r\nConnection: close\r\n\r\n")
    assert server.raw(request.encode(), shut=True).startswith(b"HTTP/1.1 200")
