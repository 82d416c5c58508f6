# SPDX-License-Identifier: Apache-2.0
"""Answers that do not come from this node's control server: of a gateway on the way, and of a server
that belongs to somebody else. They must not cost a node its peers.

    server       other        a            b
       |           |          |            |
    ===+===========+==========+============+=== internet (all public, no NAT)
"""
import re
import socket
import time

import pytest

from lab import ping, wait_for
from lab.lightscale import PORT
from v1_server import V1Server

UNAUTHORIZED = b'{"error":"unauthorized"}'


class Site:
    """Nodes a and b, and with `other` a second control URL, whose server knows none of them."""

    def __init__(self, lab, other=False):
        net = lab.internet()
        self.server = lab.server(net.host("server"))
        self.network = self.server.create_network("home")
        urls = [self.server.url]
        if other:
            self.other = lab.server(net.host("other"))
            urls.append(self.other.url)
        self.a = lab.client(net.host("a"), self.server, control_urls=urls)
        self.b = lab.client(net.host("b"), self.server, control_urls=urls)
        for client in (self.a, self.b):
            client.register(self.server.create_token(self.network))
            client.agent("--heartbeat-interval", "1", "--verbose")
            client.process.wait_log(r"event=agent\.state .*new=running")
        wait_for(lambda: ping(self.a.ns, self.b.ipv4), 20, "ping from a to b")
        wait_for(lambda: self.a.state()["last_netmap"]["peers"], 10, "the peer in the state file")


def answer(status, body):
    return (f"HTTP/1.1 {status} Gateway\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


@pytest.fixture
def gateway():
    """Puts something else where a server was: it answers everything with the same bytes."""
    made = []

    def put(server, data):
        server.stop()
        listener = server.host.ns.call(socket.create_server, (server.host.ipv4, PORT))
        made.append(V1Server(listener))
        made[-1].canned = data
        return made[-1]
    yield put
    for found in made:
        if not found.closed:
            found.close()


@pytest.mark.parametrize("data,event", [
    (answer(401, UNAUTHORIZED), "control.refused"),
    (answer(404, b'{"error":"not found"}'), "control.refused"),
    (answer(400, b'{"error":"endpoints[0]: no"}'), "control.rejected"),
    (answer(200, b"{}"), "control.unreachable"),
    (answer(200, b"<html>"), "control.unreachable"),
], ids=["401", "404", "400", "json", "html"])
@pytest.mark.main_subset
def test_a_gateway_answers_for_a_while(lab, gateway, data, event):
    site = Site(lab)
    a = site.a
    mark = a.process.mark()
    fake = gateway(site.server, data)
    for _ in range(3):
        found = a.process.wait_log(rf"event={event} ", 20, after=mark)
        mark = found.end()
    assert a.wg_peers() and ping(a.ns, site.b.ipv4), "the peers stay"
    fake.close()
    site.server.start()
    a.process.wait_log(r"event=agent\.state .*new=running", 30, after=mark)
    assert a.wg_peers()


def memory(process, name):
    """A line of /proc/PID/status, in MB."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) / 1024


def test_values_are_counted_before_they_are_built(lab, gateway):
    """60 MB of text would become 4.6 GB of values."""
    site = Site(lab)
    a = site.a
    before = memory(a.process, "VmRSS")
    mark = a.process.mark()
    gateway(site.server, answer(200, b"[" + b"{}," * 20000000 + b"{}]"))
    begin = time.monotonic()
    a.process.wait_log(r"event=control\.unreachable .*the answer: so many values", 60,
                       after=mark)
    took = time.monotonic() - begin
    peak = memory(a.process, "VmHWM")
    print(f"{peak:.0f} MB at most, after {took:.1f} s")
    assert peak < before + 250
    wait_for(lambda: memory(a.process, "VmRSS") < before + 30, 10, "the memory given back")
    assert a.wg_peers() and ping(a.ns, site.b.ipv4)


@pytest.mark.parametrize("restart", [False, True])
def test_a_server_of_somebody_else_among_the_urls(lab, restart):
    """It refuses the node for as long as it likes: the node's own server has said nothing."""
    site = Site(lab, other=True)
    a = site.a
    assert a.state()["netmap_servers"] == [site.server.url]
    site.server.kill()
    if restart:
        a.stop()
        a.agent("--heartbeat-interval", "1", "--verbose")
    a.process.wait_log(r"event=agent\.state old=\w+ new=refused", 20)
    first = a.process.wait_log(r"event=control\.refused .*retry_ms=(\d+)")
    # The waits between attempts double: when one of 32 s begins, more than 30 s have passed.
    waited = 0

    def long_enough():
        nonlocal waited
        waited = sum(int(ms) for ms in re.findall(
            r"event=control\.refused .*?retry_ms=(\d+)", a.process.log()[first.start():])[:-1])
        return waited > 31000
    wait_for(long_enough, 90, "refusals for more than 30 s")
    assert "unknown-node" not in a.process.log()
    assert a.wg_peers() and ping(a.ns, site.b.ipv4), "the peers stay"
    # Both are still asked, its own first.
    mark = a.process.mark()
    site.server.start()
    a.process.wait_log(r"event=control\.reachable url=" + re.escape(site.server.url), 70,
                       after=mark)
    a.process.wait_log(r"event=agent\.state old=refused new=running", after=mark)


def test_commands_ask_the_other_server_too(lab):
    site = Site(lab, other=True)
    a = site.a
    a.stop()
    a.control_urls.reverse()
    a.init()
    assert [peer["name"] for peer in a.json("netmap", "--json")["peers"]] == ["b"]
    assert a.json("heartbeat", "--json")["node"]["name"] == "a"
    site.server.kill()
    refused = a.run("netmap", check=False)
    assert refused.returncode == 1
    assert "404 unknown node" in refused.stderr and site.server.url in refused.stderr
