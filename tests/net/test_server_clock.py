# SPDX-License-Identifier: Apache-2.0
"""Somebody sets the wall clock while the server runs. wrong_clock.c gives this one process another
clock; the host's own is not touched."""
import os

import pytest

from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, Waiter, random_key
from wrong_clock import DAY, HOUR, YEAR, WrongClock


class WrongServer(LocalServer):
    """A server whose clocks a test can set."""

    def __init__(self, directory):
        super().__init__(directory)
        clock = WrongClock(os.path.join(self.directory, "clock"))
        self.environment = clock.environment
        self.set_clock = clock.set

    def jumps(self):
        return self.log().count("event=clock.set")


@pytest.fixture
def server(tmp_path):
    made = WrongServer(tmp_path).start()
    yield made
    made.close()


class Pair:
    """Two nodes that see each other, in a network whose keys may be an hour old."""

    def __init__(self, server, max_age=HOUR):
        self.server = server
        self.network = server.network(key_rotation_max_age_seconds=max_age)
        self.secret = server.token(self.network, ttl_seconds=HOUR)
        self.a, self.b = server.register(self.secret, "a"), server.register(self.secret, "b")
        assert list(self.a.peers()) == ["b"]

    def told(self, since, clocks):
        """What a long-poll that waits is told when the clocks are set, and nobody else asks the
        server for anything."""
        waiter = Waiter(self.a, since, 20)
        assert self.server.request("GET", "/healthz", token=None).status == 200
        self.server.set_clock(*clocks)
        netmap = waiter.answer().json
        assert netmap["revision"] > since
        return netmap

    def told_cut_off(self, since, *clocks):
        netmap = self.told(since, clocks)
        assert netmap["peers"] == [] and netmap["node"]["key_rotation_required"] is True
        return netmap["revision"]

    def told_together(self, since, *clocks):
        netmap = self.told(since, clocks)
        assert [peer["name"] for peer in netmap["peers"]] == ["b"]
        assert netmap["node"]["key_rotation_required"] is False
        assert netmap["node"]["approved"] is True
        return netmap["revision"]


def test_a_year_ahead_and_back(server):
    pair = Pair(server)
    revision = pair.told_cut_off(pair.a.revision(), YEAR)
    revision = pair.told_together(revision, 0)
    assert server.jumps() == 2
    # All is as before: a heartbeat with news is one revision, and one without is none.
    pair.b.heartbeat(endpoints=["192.0.2.1:1"])
    assert pair.a.revision() == revision + 1
    pair.b.heartbeat(endpoints=["192.0.2.1:1"])
    assert pair.a.revision() == revision + 1
    assert server.jumps() == 2


def test_whoever_comes_first_finds_the_right_time(server):
    """No timer has noticed yet: the request does."""
    pair = Pair(server)
    revision = pair.a.revision()
    server.set_clock(YEAR)
    assert pair.a.heartbeat(endpoints=["192.0.2.1:1"])["peers"] == []
    cut_off = pair.a.revision()
    assert cut_off > revision
    server.set_clock(0)
    netmap = pair.b.heartbeat(endpoints=["192.0.2.1:2"])
    assert netmap["revision"] > cut_off and [peer["name"] for peer in netmap["peers"]] == ["a"]
    assert pair.a.longpoll(cut_off).json["revision"] > cut_off


def test_a_day_back_and_right_again(server):
    pair = Pair(server, max_age=2)
    revision = pair.told_cut_off(pair.a.revision(), 0)
    revision = pair.told_together(revision, -DAY)
    pair.told_cut_off(revision, 0)


def test_a_restart_in_between(server):
    """The clock is set while no server runs, so none can have seen it."""
    pair = Pair(server)
    revision = pair.told_cut_off(pair.a.revision(), YEAR)
    assert server.stop() == 0
    server.set_clock(0)
    server.start()
    pair.told_together(revision, 0)


def test_a_host_that_sleeps(server):
    """Nobody has set the clock: both go on, and the keys have really aged."""
    pair = Pair(server)
    pair.told_cut_off(pair.a.revision(), 2 * HOUR, 2 * HOUR)
    assert server.jumps() == 0


def test_small_corrections_are_no_jumps(server):
    pair = Pair(server)
    revision = pair.a.revision()
    for step in range(-4, 5):
        server.set_clock(step / 10)
        assert pair.a.heartbeat()["revision"] == revision
    assert server.jumps() == 0


def test_tokens_and_links_are_as_good_as_before(server):
    pair = Pair(server)
    waits = server.register_url(pair.network, "late", ttl_seconds=HOUR)
    body = {"token": pair.secret, "node_name": "c", "machine_public_key": random_key(),
            "wg_public_key": random_key()}
    path = waits["auth_path"]
    server.set_clock(YEAR)
    assert server.request("POST", "/v1/register", body, token=None).status == 401
    assert server.request("GET", path, token=None).status == 401
    server.set_clock(0)
    server.api("POST", "/v1/register", body, token=None)
    server.api("GET", path, token=None)
    assert set(pair.a.peers()) == {"b", "c", "late"}


def test_who_has_guessed_too_often_is_not_forgiven(server):
    def guess():
        return server.request("GET", "/v1/networks", token="wrong").status
    wait_for(lambda: guess() == 429, 10, "too many attempts")
    server.set_clock(YEAR)
    answers = [guess() for _ in range(10)]
    assert answers.count(429) >= 5, answers
    server.set_clock(-YEAR)
    wait_for(lambda: server.request("GET", "/v1/networks", token=ADMIN).status == 200, 20,
             "the source to be served again")
