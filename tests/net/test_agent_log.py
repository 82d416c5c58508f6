# SPDX-License-Identifier: Apache-2.0
"""What the agent says of its peers, and how often.

    server       a            b
       |         |            |
    ===+=========+============+=== internet (all public, no NAT)
"""
import re
import socket

import pytest

from lab import ping, wait_for
from lab.lightscale import PORT
from test_agent_life import Site, reach
from v1_server import V1Server

PEERS = 300
BLOCK = """
table inet block {
    chain output {
        type filter hook output priority 0
        udp sport 51820 drop
    }
}
"""


@pytest.fixture
def crowd(lab):
    """An agent whose 300 peers are all switched off. Nobody has their addresses."""
    net = lab.internet()
    host = net.host("server")
    server = V1Server(host.ns.call(socket.create_server, (host.ipv4, PORT)))
    network = server.add_network(overlay_v4="100.64.0.0/16")
    token = server.add_token(network["id"])["token"]
    for i in range(PEERS):
        server.add_node(network["id"], f"peer-{i}", ipv4=f"100.64.{1 + i // 200}.{1 + i % 200}",
                        ipv6=f"fd00::2:{i:x}",
                        endpoints=["198.51.100.250:51820", "[2001:db8:0::250]:51820"])
    client = lab.client(net.host("a"), None, control_urls=[server.url])
    client.register(token)
    (own,) = [entry["info"] for entry in server.nodes.values() if entry["info"]["name"] == "a"]
    own.update(ipv4="100.64.0.9")
    yield client
    server.close()


def test_switched_off_peers_are_said_once(crowd):
    agent = crowd.agent("--endpoint-stale-after", "1", "--verbose")

    def tried_often():
        """Every peer's endpoints were tried in vain several times."""
        tries = re.findall(r"event=peer\.endpoint peer=(\S+) .*reason=stale", agent.log())
        return len(set(tries)) == PEERS and len(tries) >= 4 * PEERS
    wait_for(tried_often, 120, "endpoints tried")
    loud = [line for line in agent.log().splitlines() if "level=debug" not in line]
    silent = [line for line in loud if "event=peer.silent" in line]
    assert len(silent) == PEERS == len({re.search(r"peer=(\S+)", line).group(1) for line in silent})
    assert re.search(r"endpoint=\S+:51820 endpoints=2 reason=never_answered", silent[0])
    assert len(loud) < PEERS + 20, "and nothing else of them"
    assert re.search(r"event=agent\.netmap .*peers=300 reachable=0 ", agent.log())


def test_a_peer_that_goes_and_comes_back(lab):
    site = Site(lab).joined("--endpoint-stale-after", "1")
    a, b = site.a, site.b
    a.process.wait_log(r"event=agent\.peers reachable=1 peers=1", 30)
    b.process.kill()
    # Traffic that wants an answer.
    wait_for(lambda: not ping(a.ns, b.ipv4) and
             re.search(r"event=peer\.silent peer=b .*reason=lost", a.process.log()), 90, "silence")
    a.process.wait_log(r"event=agent\.peers reachable=0 peers=1", 30)
    mark = a.process.mark()
    b.agent()
    reach(b, a)
    a.process.wait_log(r"event=agent\.peers reachable=1 peers=1", 30, after=mark)


def test_a_local_firewall_is_named_at_once(lab):
    site = Site(lab)
    a, b = site.a, site.b
    a.ns.nft(BLOCK)
    for client in (a, b):
        client.agent()
    a.process.wait_log(r"level=warn event=udp\.blocked endpoint=\S+ error=.*firewall", 10)


def test_verbose_shows_heartbeats_attempts_and_endpoints(lab):
    site = Site(lab).joined("--heartbeat-interval", "1", "--verbose")
    a, server = site.a, site.server
    a.process.wait_log(rf"event=control\.heartbeat url={re.escape(server.url)}")
    a.process.wait_log(rf"event=control\.answered url={re.escape(server.url)} ms=\d+")
    wait_for(lambda: re.search(r"event=peer\.endpoint peer=[ab] .*reason=(first|new)",
                               a.process.log() + site.b.process.log()), 20, "endpoints tried")
    server.kill()
    a.process.wait_log(r"event=control\.failed error=.*connection refused")
