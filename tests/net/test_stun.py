# SPDX-License-Identifier: Apache-2.0
"""heartbeat --stun against coturn, from behind the lab's routers (lab/topology.py).

    server: lightscale-server     stun1, stun2: coturn     dns: a name server
                        |                |                   |
    ====================+=== internet ===+===================+====
                                |                  |
                         router a (NAT)     hole: answers nothing
                                |
                         node a: the client
"""
import json
import socket
import struct
import threading

import pytest

from cli_site import fails, fields
from coturn import PORT, StunServer, seen_by
from lab import wait_for
from names import Names

TUNNEL = 51820
SYMMETRIC = """
flush table ip home_nat
table ip home_nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade random,fully-random
	}
}
"""


class World:
    def __init__(self, lab):
        self.lab = lab
        self.net = lab.internet()
        self.stun = [StunServer(lab, self.net.host(name)) for name in ("stun1", "stun2")]
        self.server = lab.server(self.net.host("server"), args=[
            "--stun", "stun1.test:3478", "--stun", self.stun[1].v6])
        self.network = self.server.create_network("home")
        self.router = self.net.router("a")
        self.client = self.join(self.router.node("a"))

    def join(self, host):
        client = self.lab.client(host, self.server)
        client.register(self.server.create_token(self.network))
        return client

    def stored(self, client=None):
        """The endpoints that the server holds of a node."""
        return self.server.node(self.network, (client or self.client).name)["endpoints"]

    def beat(self, *args, **options):
        return self.client.run("heartbeat", "--stun", *args, **options)

    def beat_v4(self, *args):
        """Asks stun1 over IPv4 from the tunnel's port."""
        return self.beat("--stun-server", self.stun[0].v4, "--stun-port", str(TUNNEL), *args)

    @property
    def mapped_v4(self):
        """Where peers find the node's tunnel: this router keeps the port of the first to use it."""
        return f"{self.router.ipv4}:{TUNNEL}"

    @property
    def mapped_v6(self):
        return f"[{self.client.host.ipv6}]:{TUNNEL}"


@pytest.fixture
def world(lab):
    return World(lab)


@pytest.fixture
def names(world):
    host = world.net.host("dns")
    made = Names(host, {"stun1.test": [world.stun[0].host.ipv4, world.stun[0].host.ipv6],
                        "stun2.test": [world.stun[1].host.ipv4]})
    made.use(world.client.ns)
    yield made
    made.remove()


@pytest.fixture
def hole(world):
    """A host that takes packets and says nothing, as its address and port."""
    host = world.net.host("hole")
    host.ns.nft("table ip hole { chain input { type filter hook input priority filter; "
                "policy drop; }; }")
    return f"{host.ipv4}:{PORT}"


def test_learns_what_the_router_made_of_it(world):
    done = world.beat_v4()
    assert fields(done.stdout)["learned"] == f"{world.mapped_v4} from {world.stun[0].v4}"
    assert done.stderr == ""
    assert world.stored() == [world.mapped_v4]
    assert seen_by(world.client.ns, world.stun[0].host.ipv4, TUNNEL) == world.mapped_v4


def test_both_families_come_before_given_endpoints(world):
    done = world.beat("--stun-server", f"{world.stun[0].v6},{world.stun[1].v4}",
                      "--listen-port", str(TUNNEL), "--endpoint", "192.0.2.7:7",
                      "--endpoint", f"{world.mapped_v6},{world.mapped_v4}")
    assert fields(done.stdout)["learned"] == (
        f"{world.mapped_v4} from {world.stun[1].v4}, {world.mapped_v6} from {world.stun[0].v6}")
    assert done.stderr == ""
    # The address of the heartbeat itself, with --listen-port, is the IPv4 one, too.
    assert world.stored() == [world.mapped_v4, world.mapped_v6, "192.0.2.7:7"]


def test_ipv6_alone(world):
    done = world.beat("--stun-server", world.stun[0].v6, "--stun-port", str(TUNNEL))
    assert done.stderr == ""
    assert world.stored() == [world.mapped_v6]


def test_second_node_behind_a_router_learns_another_port(world):
    world.beat_v4()
    second = world.join(world.router.node("b"))
    second.run("heartbeat", "--stun", "--stun-server", world.stun[0].v4,
               "--stun-port", str(TUNNEL))
    endpoint, = world.stored(second)
    assert endpoint.startswith(f"{world.router.ipv4}:") and endpoint != world.mapped_v4
    assert endpoint == seen_by(second.ns, world.stun[0].host.ipv4, TUNNEL)


@pytest.mark.main_subset
def test_servers_of_the_netmap(world, names):
    world.client.run("netmap")
    done = world.beat("--json", "--listen-port", str(TUNNEL))
    assert done.stderr == ""
    assert json.loads(done.stdout)["node"]["endpoints"] == [world.mapped_v4, world.mapped_v6]
    assert world.stored() == [world.mapped_v4, world.mapped_v6]
    assert set(names.asked) == {"stun1.test"}


def test_no_server_is_known(world):
    world.server.stop()
    world.server.args = []
    world.server.start()
    world.client.run("netmap")
    message = fails(world.beat(check=False))
    assert "no STUN server is known: give --stun-server HOST:PORT" in message
    assert "lightscale-server --stun" in message


def test_names_are_resolved_side_by_side(world, names):
    done = world.beat("--stun-server", "stun2.test:3478,nowhere.test:3478,stun1.test:3478",
                      "--stun-port", str(TUNNEL))
    assert done.stderr == "STUN server nowhere.test:3478: host name not found\n"
    assert world.stored() == [world.mapped_v4, world.mapped_v6]
    assert set(names.asked) == {"stun1.test", "stun2.test", "nowhere.test"}


def test_only_a_name_that_does_not_resolve(world, names):
    done = world.beat("--stun-server", "nowhere.test:3478", "--listen-port", str(TUNNEL))
    assert done.stderr == ("STUN server nowhere.test:3478: host name not found\n"
                           "no public endpoint was learned; the heartbeat goes without one\n")
    assert fields(done.stdout)["learned"] == "-"
    assert world.stored() == [world.mapped_v4]  # which the server saw itself


def test_no_answer(world, hole):
    done = world.beat("--stun-server", hole, "--stun-timeout", "1", "--endpoint", "192.0.2.7:7",
                      "--json")
    assert done.stderr == (f"STUN server {hole}: no answer within 1 s\n"
                           "no public endpoint was learned; the heartbeat goes without one\n")
    assert json.loads(done.stdout)["node"]["endpoints"] == ["192.0.2.7:7"]
    assert world.stored() == ["192.0.2.7:7"]
    assert world.beat("--stun-server", hole, "--stun-timeout", "1", "--quiet").stderr == ""


def test_one_of_two_does_not_answer(world, hole):
    """It is not waited for to the end, and nothing is wrong."""
    done = world.beat_v4("--stun-server", hole, "--stun-timeout", "300")
    assert done.stderr == ""
    assert world.stored() == [world.mapped_v4]


def test_no_route(world):
    world.client.ns.ip("-6", "route", "del", "default")
    done = world.beat("--stun-server", world.stun[0].v6)
    assert done.stderr == (f"STUN server {world.stun[0].v6}: cannot be asked: "
                           "Network is unreachable\n"
                           "no public endpoint was learned; the heartbeat goes without one\n")
    assert world.stored() == []


def test_port_of_a_running_agent(world):
    world.client.agent(listen_port=TUNNEL)
    wait_for(lambda: world.stored() == [f"{world.router.ipv4}:{TUNNEL}"], what="the heartbeat")
    done = world.beat_v4("--json", "--endpoint", "192.0.2.7:7")
    assert done.stderr.count("\n") == 1
    assert f"cannot use UDP port {TUNNEL}: Address already in use" in done.stderr
    assert "stop what holds the port (the agent?), or give --endpoint" in done.stderr
    # It adds to what the agent has announced: its port, seen from the server.
    assert json.loads(done.stdout)["node"]["endpoints"] == [
        "192.0.2.7:7", f"{world.router.ipv4}:{TUNNEL}"]
    world.client.stop()
    assert world.beat_v4().stderr == ""
    assert world.stored() == [world.mapped_v4]


def test_port_that_is_nobodys(world):
    done = world.beat("--stun-server", world.stun[0].v4)
    endpoint, = world.stored()
    port = endpoint.rpartition(":")[2]
    assert done.stderr == (
        f"the learned endpoint belongs to port {port}, which was free: peers can use it only "
        "if the tunnel uses that port (give --listen-port PORT)\n")
    assert fields(done.stdout)["learned"] == f"{endpoint} from {world.stun[0].v4}"


def test_port_that_is_not_the_tunnels(world):
    done = world.beat_v4("--listen-port", "4000")
    assert done.stderr == (f"the learned endpoint belongs to port {TUNNEL}: peers can use it only "
                           "if the tunnel uses that port, not 4000\n")
    assert world.stored() == [f"{world.router.ipv4}:4000", world.mapped_v4]


def test_mapping_for_each_destination(world):
    world.router.ns.nft(SYMMETRIC)
    servers = [stun.v4 for stun in world.stun]
    done = world.beat("--stun-server", ",".join(servers + [world.stun[0].v6]),
                      "--stun-port", str(TUNNEL))
    # What peers can use comes first, and IPv6 is not translated here.
    direct, endpoint = world.stored()
    assert direct == world.mapped_v6
    ends = [seen_by(world.client.ns, stun.host.ipv4, TUNNEL) for stun in world.stun]
    assert ends[0] != ends[1] and endpoint in ends
    first = ends.index(endpoint)
    assert done.stderr == (
        f"{servers[first]} sees this node at {ends[first]}, but {servers[1 - first]} at "
        f"{ends[1 - first]}: the router picks a port for each destination, and peers can probably "
        "not use it\n")


def refuse(sock):
    """Answers one request with error 500."""
    data, source = sock.recvfrom(2048)
    answer = struct.pack("!HH", 0x0111, 8) + data[4:20] + struct.pack("!HHI", 9, 4, 0x500)
    sock.sendto(answer, source)


def test_server_that_refuses(world):
    host = world.net.host("refuser")

    def open_socket():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((host.ipv4, PORT))
        sock.settimeout(30)
        return sock
    with host.ns.call(open_socket) as sock:
        thread = threading.Thread(target=refuse, args=(sock,))
        thread.start()
        done = world.beat("--stun-server", f"{host.ipv4}:{PORT}")
        thread.join()
    assert done.stderr.startswith(f"STUN server {host.ipv4}:{PORT}: answered with error 500\n")
    assert world.stored() == []
