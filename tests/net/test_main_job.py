# SPDX-License-Identifier: Apache-2.0
"""The main job: a server, nodes that register with it, one WireGuard network between them.

    server       node c (public)
       |           |
    ===+===========+=== internet ===+==========
       |                            |
    router a (NAT)              router b (NAT)
       |                            |
    node a                       node b
"""
import os
import signal
import time

import pytest

from lab import ping, tcp_transfer, wait_for

MIB_100 = 100 << 20


class Site:
    """Server, one network and two registered nodes behind home routers."""

    def __init__(self, lab, underlay="v4", **network):
        self.lab = lab
        self.net = lab.internet()
        self.server = lab.server(self.net.host("server"))
        self.urls = [self.server.url if underlay == "v4" else self.server.url6]
        self.network = self.server.create_network("home", **network)
        self.a = self.client(self.net.router("a").node("a"))
        self.b = self.client(self.net.router("b").node("b"))

    def client(self, host):
        return self.lab.client(host, self.server, control_urls=self.urls)

    def register(self, *clients):
        for client in clients:
            client.register(self.server.create_token(self.network))

    def start(self, *clients):
        for client in clients:
            client.agent()

    def joined(self):
        """Both nodes registered, running and in reach of each other."""
        self.register(self.a, self.b)
        self.start(self.a, self.b)
        reach(self.a, self.b)
        return self


def reach(source, target, timeout=25):
    """Waits until `target` answers over the overlay, on both families."""
    for address in (target.ipv4, target.ipv6):
        wait_for(lambda to=address: ping(source.ns, to), timeout,
                 f"ping from {source.name} to {target.name} at {address}")


def wg_key(client):
    return client.state()["wg_public_key"]


def underlay_is(client, other, family):
    """The live WireGuard endpoint of `other` belongs to that family."""
    endpoint = client.wg_peers()[wg_key(other)]["endpoint"]
    return endpoint.startswith("[") == (family == "v6")


def open_url(client, url):
    """What a person does with an approval URL."""
    return client.ns.run("curl", "-fsS", url).stdout


@pytest.mark.main_subset
@pytest.mark.parametrize("underlay", ["v4", "v6"])
def test_both_registrations_and_traffic(lab, underlay):
    site = Site(lab, underlay)
    a, b = site.a, site.b
    a.register(site.server.create_token(site.network))
    url = b.register_url(site.network)
    assert not site.server.node(site.network, "b")["approved"]
    open_url(b, url)
    assert site.server.node(site.network, "b")["approved"]
    site.start(a, b)
    reach(a, b)
    reach(b, a)
    assert underlay_is(a, b, underlay) and underlay_is(b, a, underlay)
    for address in (b.ipv4, b.ipv6):
        tcp_transfer(a.ns, b.ns, address, MIB_100)
    for address in (a.ipv4, a.ipv6):
        tcp_transfer(b.ns, a.ns, address, MIB_100)
    moved = a.wg_peers()[wg_key(b)]
    assert moved["tx"] > 2 * MIB_100 and moved["rx"] > 2 * MIB_100
    # Ctrl-C in a group and a supervisor's TERM come together: both still mean a clean end.
    for client in (a, b):
        client.process.send_signal(signal.SIGINT)
        client.stop()
        assert client.interface not in client.ns.ip("link", "show")
        assert not os.path.exists(f"/var/run/wireguard/{client.interface}.sock")


@pytest.mark.main_subset
def test_third_node_joins_without_restarts(lab):
    site = Site(lab).joined()
    before = (site.a.process.pid, site.b.process.pid)
    c = site.client(site.net.host("c"))
    site.register(c)
    site.start(c)
    for near, far in ((site.a, c), (c, site.b)):
        reach(near, far)
    reach(site.a, site.b)
    assert site.a.process.running() and site.b.process.running()
    assert before == (site.a.process.pid, site.b.process.pid)


def test_unapproved_node_waits_and_joins(lab):
    site = Site(lab)
    a, b = site.a, site.b
    site.register(a)
    site.start(a)
    b.register_url(site.network)
    b.agent(wait=False)
    b.process.wait_log(r"approv", 15)
    assert wg_key(b) not in a.wg_peers()
    site.server.approve(b.node_id)
    reach(a, b)


@pytest.mark.main_subset
@pytest.mark.parametrize("how", ["revoke", "delete"])
def test_cut_off_within_two_seconds(lab, how):
    site = Site(lab).joined()
    a, b = site.a, site.b
    node_id = b.node_id
    getattr(site.server, how)(node_id)
    start = time.monotonic()
    wait_for(lambda: wg_key(b) not in a.wg_peers(), 5, "the peer's removal")
    assert not ping(b.ns, a.ipv4, timeout=0.2)
    took = time.monotonic() - start
    assert took < 2, f"cut off after {took:.2f} s"
    assert not ping(b.ns, a.ipv6, timeout=0.5)
    assert not ping(a.ns, b.ipv4, timeout=0.5)


@pytest.mark.main_subset
def test_renamed_node_gets_its_new_name_everywhere(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    domain = site.network["dns_domain"]
    wait_for(lambda: a.hosts_names().get(f"b.{domain}") == {b.ipv4, b.ipv6}, 5, "b in a's hosts")
    site.server.update_node(b.node_id, name="bee")
    wait_for(lambda: a.hosts_names().get(f"bee.{domain}") == {b.ipv4, b.ipv6}, 5,
             "the new name in a's hosts file")
    assert f"b.{domain}" not in a.hosts_names()
    assert "localhost" in a.hosts_names(), "lines of others stay"
    a.run("netmap")
    peers = a.state()["last_netmap"]["peers"]
    assert [peer["dns_name"] for peer in peers] == [f"bee.{domain}"]
    assert ping(a.ns, b.ipv4, timeout=2), "renaming must not disturb the tunnel"


@pytest.mark.main_subset
def test_acl_deny_removes_sight_in_both_directions(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    c = site.client(site.net.host("c"))
    site.register(c)
    site.start(c)
    reach(a, c)
    # One direction denied is enough: an answer is traffic too.
    deny = {"action": "deny", "src": {"names": ["a"]}, "dst": {"names": ["b"]}}
    site.server.set_acl(site.network, {"default_action": "allow", "rules": [deny]})
    wait_for(lambda: wg_key(b) not in a.wg_peers() and wg_key(a) not in b.wg_peers(), 5,
             "both peers' removal")
    assert not ping(a.ns, b.ipv4) and not ping(b.ns, a.ipv6)
    assert ping(a.ns, c.ipv4, timeout=2), "c is not named by the policy"
    site.server.set_acl(site.network, {"default_action": "allow", "rules": []})
    reach(a, b)


def test_large_packets_pass_without_fragments(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    mtu = int(a.ns.run("cat", f"/sys/class/net/{a.interface}/mtu").stdout)
    assert mtu == 1420, "1500 bytes of underlay minus IPv6, UDP and WireGuard"
    assert ping(a.ns, b.ipv4, size=mtu - 28, dont_fragment=True, timeout=2)
    assert ping(a.ns, b.ipv6, size=mtu - 48, dont_fragment=True, timeout=2)
    assert not ping(a.ns, b.ipv4, size=mtu - 27, dont_fragment=True)


@pytest.mark.main_subset
def test_network_outlives_its_server(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    site.server.kill()
    assert ping(a.ns, b.ipv4, timeout=2)
    a.stop()
    a.agent()
    reach(a, b)
    site.server.start()
    site.server.update_node(b.node_id, name="after")
    domain = site.network["dns_domain"]
    wait_for(lambda: f"after.{domain}" in a.hosts_names(), 60, "news from the server that is back")
