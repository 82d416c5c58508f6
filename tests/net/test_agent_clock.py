# SPDX-License-Identifier: Apache-2.0
"""A host whose clock is wrong. A peer ignores the handshakes of a node unless their timestamps grow;
wrong_clock.c gives the programs of node a another clock.

    server       a            b
       |         |            |
    ===+=========+============+=== internet (all public, no NAT)
"""
import os
import time

import pytest

from lab import ping, wait_for
from wrong_clock import DAY, YEAR, WrongClock


class Site:
    """Agents a and b have a session, and a's clock is right so far."""

    def __init__(self, lab):
        net = lab.internet()
        self.server = lab.server(net.host("server"))
        network = self.server.create_network("home")
        self.a = lab.client(net.host("a"), self.server)
        self.b = lab.client(net.host("b"), self.server)
        self.clock = WrongClock(os.path.join(self.a.directory, "clock"))
        self.a.env = self.clock.environment
        for client in (self.a, self.b):
            client.register(self.server.create_token(network))
            self.start(client)
        self.reach()
        wait_for(self.stored, 10, "all that is news")
        # b has seen a timestamp of a's: this handshake is a's, as b knows nothing of the new start.
        self.a.stop()
        self.start(self.a)
        self.reach()
        wait_for(lambda: self.floor() > time.time() + 60, 10, "a floor in the state file")

    def stored(self):
        """The last news is that b's agent has said where it is."""
        peers = self.a.state()["last_netmap"]["peers"]
        return peers and peers[0]["endpoints"]

    @staticmethod
    def start(client, command="agent"):
        if command == "agent":
            client.agent("--heartbeat-interval", "1")
        else:
            client.process = client.ns.start(
                "wg-up", *client.argv("wg-up", "--interface", client.interface,
                                      "--listen-port", "51820"), env=client.env)
            wait_for(client.up, 20, "the interface")

    def reach(self):
        """A handshake of a's that b answers: b itself would begin one only after 15 s."""
        begin = time.monotonic()
        wait_for(lambda: ping(self.a.ns, self.b.ipv4), 8, "ping from a to b")
        return time.monotonic() - begin

    def floor(self):
        return self.a.state().get("timestamp_floor", 0)


@pytest.mark.parametrize("command,end", [
    pytest.param("agent", "stop", marks=pytest.mark.main_subset), ("agent", "kill"),
    ("wg-up", "stop")])
def test_a_clock_that_is_back_at_the_start(lab, command, end):
    site = Site(lab)
    a = site.a
    getattr(a, end)() if end == "stop" else a.process.kill()
    if end == "stop":
        assert site.floor() < time.time() + 5, "the last one is not far ahead"
    site.clock.set(-DAY)
    if end == "kill":
        a.run("wg-down", "--interface", a.interface)
    site.start(a, command)
    print(f"after {site.reach():.1f} s")
    a.process.wait_log(r"event=agent\.clock_behind seconds=8\d{4} ")
    # A second start in the old time goes on from there.
    a.stop()
    site.start(a, command)
    site.reach()
    # Right again: no peer minds.
    a.stop()
    site.clock.set(0)
    site.start(a, command)
    site.reach()


def test_a_clock_that_is_set_back_beside_the_agent(lab):
    """The engine that knew the last timestamps is gone with the interface."""
    site = Site(lab)
    mark = site.a.process.mark()
    site.clock.set(-DAY)
    site.a.ns.ip("link", "del", site.a.interface)
    site.a.process.wait_log(r"event=agent\.restored ", 20, after=mark)
    site.reach()


def test_a_clock_that_was_years_ahead(lab):
    """Peers have seen timestamps of that time, so the node stays with them."""
    site = Site(lab)
    a = site.a
    a.stop()
    site.clock.set(10 * YEAR)
    site.start(a)
    site.reach()
    a.stop()
    assert site.floor() > time.time() + 9 * YEAR
    site.clock.set(0)
    site.start(a)
    site.reach()
    # A command that writes the file keeps the floor.
    a.stop()
    before = site.floor()
    a.run("rotate-keys")
    assert site.floor() == before
    site.start(a)
    site.reach()


def test_a_floor_that_no_clock_has_said(lab):
    """The file is damaged: the node's keys are good none the less."""
    site = Site(lab)
    a = site.a
    a.stop()
    path = os.path.join(a.state_dir, "state.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    floor = f'"timestamp_floor": {site.floor()}'
    assert floor in text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(floor, '"timestamp_floor": 9223372036854775807'))
    site.start(a)
    site.reach()
    wait_for(lambda: abs(site.floor() - time.time()) < 600, 10, "a floor of our time")
