# SPDX-License-Identifier: Apache-2.0
"""Control servers and addresses that do not answer.

    server, spare: lightscale-server on :8080, one at a time, on one database file
    client, whose packets to 198.51.100.250 and 2001:db8:0::250 go into a black hole
"""
import os
import time

import pytest

from lab import Server, wait_for

pytestmark = pytest.mark.control_plane

HOLE_V4 = "198.51.100.250"
HOLE_V6 = "2001:db8:0::250"
NAME = "control.example"


class Site:
    def __init__(self, lab):
        self.lab = lab
        net = lab.internet()
        self.server = lab.server(net.host("server"))
        self.spare = Server(lab, net.host("spare"), state=self.server.state)
        self.spare.admin_token = self.server.admin_token
        self.spare.admin_token_file = self.server.admin_token_file
        self.host = net.host("client")
        self.host.ns.nft(f"""table inet hole {{ chain output {{
            type filter hook output priority filter; policy accept;
            ip daddr {HOLE_V4} drop
            ip6 daddr {HOLE_V6} drop
        }}
        }}""")
        self.network = self.server.create_network("net")

    def client(self, *urls, name="c"):
        client = self.lab.client(self.host, self.server, name=name, control_urls=list(urls))
        client.init()
        return client


@pytest.fixture
def site(lab):
    return Site(lab)


@pytest.fixture
def named(site):
    """Gives the name of NAME addresses in the client's namespace."""
    directory = f"/etc/netns/{site.host.ns.name}"
    path = os.path.join(directory, "hosts")
    os.makedirs(directory)

    def name(*addresses):
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{address} {NAME}\n" for address in addresses))
        return f"http://{NAME}:8080"
    yield name
    os.unlink(path)
    os.rmdir(directory)


def seconds(function):
    begin = time.monotonic()
    function()
    return time.monotonic() - begin


@pytest.mark.data_plane
def test_black_hole_costs_once(site):
    client = site.client(f"http://{HOLE_V4}:8080", site.server.url)
    # Several requests in one command: enrolment, approval, netmap.
    took = seconds(lambda: client.run("--admin-token-file", site.server.admin_token_file,
                                      "register-url", site.network["id"], "--approve",
                                      "--node-name", "n"))
    assert 2.5 < took < 5
    # The next command knows which one works.
    took = seconds(lambda: client.run("netmap"))
    assert took < 1
    with open(os.path.join(client.state_dir, "control-url"), encoding="ascii") as file:
        assert file.read() == site.server.url + "\n"
    client.agent("--heartbeat-interval", "1", "--longpoll-timeout", "5")
    client.process.wait_log(rf"control.reachable url={site.server.url}", timeout=5)
    mark = site.server.node(site.network, "n")["last_seen"]
    # From now on every heartbeat comes through at once: over some seconds none is lost.
    wait_for(lambda: site.server.node(site.network, "n")["last_seen"] >= mark + 3, 5)
    assert "control.unreachable" not in client.process.log()
    client.stop()


def test_only_server_in_a_black_hole(site):
    client = site.client(f"http://{HOLE_V4}:8080")
    begin = time.monotonic()
    done = client.run("register", "TOKEN", check=False)
    assert time.monotonic() - begin < 5
    assert done.returncode == 1 and "connecting timed out" in done.stderr


@pytest.mark.parametrize("first", [HOLE_V6, HOLE_V4])
def test_dead_address_of_a_name_costs_little(site, named, first):
    alive = site.server.host.ipv4 if first == HOLE_V6 else site.server.host.ipv6
    client = site.client(named(first, alive))
    took = seconds(lambda: client.run("register", site.server.create_token(site.network)))
    assert took < 1.5


def test_every_address_of_a_name_is_tried(site, named):
    server = site.server.host
    client = site.client(named(HOLE_V6, HOLE_V4, "198.51.100.1", server.ipv6))
    took = seconds(lambda: client.run("register", site.server.create_token(site.network)))
    assert took < 2.5


@pytest.mark.data_plane
@pytest.mark.main_subset
def test_two_servers_in_turn(site):
    client = site.client(site.server.url, site.spare.url)
    client.run("register", site.server.create_token(site.network), "--node-name", "n")
    client.agent("--heartbeat-interval", "1")
    client.process.wait_log(rf"control.reachable url={site.server.url}")
    stopped, started = site.server, site.spare
    for _ in range(3):
        mark = client.process.mark()
        stopped.stop()
        started.start()
        client.process.wait_log(rf"control.reachable url={started.url}", timeout=30, after=mark)
        assert client.up()
        client.run("netmap")
        kept = os.path.exists(os.path.join(client.state_dir, "control-url"))
        assert kept == (started is site.spare)
        stopped, started = started, stopped
    client.stop()
