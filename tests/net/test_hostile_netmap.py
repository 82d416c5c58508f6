# SPDX-License-Identifier: Apache-2.0
"""Netmaps that would cut a node off, or take what is not the control server's to give.

      evil                                  victim
    198.51.100.2                          198.51.100.3
    10.0.0.5   control server             default route via 10.0.9.1
    10.0.0.53  name server                nameserver 10.0.0.53
    10.0.9.1   gateway
       ================ internet ================

The control server is v1_server.py, which says whatever a test wants.
"""
import json
import re
import socket

import pytest

from lab import wait_for
from name_server import HostFiles, NameServer, zone
from v1_server import V1Server

CONTROL, RESOLVER, GATEWAY = "10.0.0.5", "10.0.0.53", "10.0.9.1"
NAME = "control.example"


class Site:
    def __init__(self, lab, url=f"http://{CONTROL}:8080", **network):
        net = lab.internet()
        self.evil, self.victim = net.host("evil"), net.host("victim")
        for address in (CONTROL, RESOLVER, GATEWAY):
            self.evil.ns.ip("addr", "add", f"{address}/32", "dev", self.evil.interface)
        self.victim.ns.ip("route", "add", GATEWAY, "dev", self.victim.interface)
        self.victim.ns.ip("route", "replace", "default", "via", GATEWAY)
        self.files = HostFiles(self.victim.ns)
        self.files.write("hosts", "127.0.0.1 localhost\n")
        self.files.write("resolv.conf", f"nameserver {RESOLVER}\n")
        self.names = NameServer(self.evil.ns, RESOLVER, zone({NAME: [self.evil.ipv4]}))
        listener = self.evil.ns.call(socket.create_server, ("0.0.0.0", 8080))
        self.server = V1Server(listener, slim=False)
        self.net = self.server.add_network(**network)["id"]
        self.client = lab.client(self.victim, name="v", control_urls=[url])
        self.client.register(self.server.add_token(self.net)["token"])

    def close(self):
        if self.client.process:
            self.client.process.kill()
        self.names.close()
        self.server.close()
        self.files.remove()

    def start(self, *args):
        self.client.agent("--heartbeat-interval", "1", "--longpoll-timeout", "5", *args, wait=False)
        self.client.process.wait_log(r"event=agent\.state .*new=running", timeout=20)
        return self.client.process

    def change(self, **network):
        self.server.networks[self.net].update(network)
        self.server.change()

    def heartbeats(self):
        return sum(request.path == "/v1/heartbeat" for request in self.server.requests)

    def stays_connected(self):
        before = self.heartbeats()
        wait_for(lambda: self.heartbeats() >= before + 3, 20, "heartbeats that arrive")

    def goes_into_tunnel(self, address):
        found = self.victim.ns.ip("route", "get", address)
        return f"dev {self.client.interface} " in found

    def skipped(self, what, after=0):
        """Waits for the log line; returns the reason."""
        return self.client.process.wait_log(
            rf'event=agent\.skipped what="{re.escape(what)}" reason="(.*)"', after=after).group(1)

    def left_out(self, *args):
        """What `status` and `netmap` say, which must be the same."""
        shown = [self.client.json(command, "--json", *args)["left_out"]
                 for command in ("netmap", "status")]
        assert shown[0] == shown[1]
        for entry in shown[0]:
            line = f"left out: {entry['what']}: {entry['reason']}\n"
            assert line in self.client.run("status", *args).stdout
            assert line in self.client.run("netmap", *args).stdout
        return {entry["what"]: entry["reason"] for entry in shown[0]}


@pytest.fixture
def make(lab):
    sites = []

    def build(**options):
        sites.append(Site(lab, **options))
        return sites[-1]
    yield build
    for site in sites:
        site.close()


# --- what would cut the node off ---

@pytest.mark.main_subset
def test_peers_that_hide_what_the_node_needs(make):
    site = make(overlay_v4="10.0.0.0/8")
    process = site.start()
    for name, address in (("thief1", CONTROL), ("thief2", RESOLVER), ("thief3", GATEWAY)):
        site.server.add_node(site.net, name, ipv4=address)
    good = site.server.add_node(site.net, "good")
    good_v4 = site.server.nodes[good]["info"]["ipv4"]
    process.wait_log(r"event=agent\.netmap .*peers=4 ")
    assert site.skipped(f"address {CONTROL} of thief1") == (
        "it would hide a control server; --allow-prefix 10.0.0.5/32 uses it all the same")
    assert site.skipped(f"address {RESOLVER} of thief2").startswith(
        "it would hide a name server of this host; ")
    assert site.skipped(f"address {GATEWAY} of thief3").startswith(
        "it would hide this host's gateway; ")
    assert site.goes_into_tunnel(good_v4)
    for address in (CONTROL, RESOLVER, GATEWAY):
        assert not site.goes_into_tunnel(address)
    site.stays_connected()
    assert set(site.left_out()) == {f"address {CONTROL} of thief1", f"address {GATEWAY} of thief3",
                                    f"address {RESOLVER} of thief2"}
    # Said once, not with every netmap.
    assert process.log().count(f"address {CONTROL} of thief1") == 1
    # The cached netmap goes through the same.
    wait_for(lambda: len(site.client.state()["last_netmap"]["peers"]) == 4, 10, "a saved netmap")
    site.client.stop()
    site.start()
    site.skipped(f"address {CONTROL} of thief1")
    site.stays_connected()
    site.client.stop()


def test_own_address_that_hides_the_server(make):
    site = make(overlay_v4="10.0.0.0/8")
    site.server.nodes[site.client.node_id]["info"]["ipv4"] = CONTROL
    peer = site.server.add_node(site.net, "peer")
    site.start()
    assert site.skipped(f"address {CONTROL} of this node").startswith("it would hide a control")
    site.stays_connected()
    assert not site.goes_into_tunnel(site.server.nodes[peer]["info"]["ipv4"])
    assert site.server.nodes[peer]["info"]["wg_public_key"] in site.client.wg_peers()
    site.client.stop()


def test_user_may_ask_a_name_server_in_the_network(make):
    site = make(overlay_v4="10.0.0.0/8")
    site.server.add_node(site.net, "dns", ipv4=RESOLVER)
    site.start("--allow-prefix", f"{RESOLVER}/32")
    wait_for(lambda: site.goes_into_tunnel(RESOLVER), 10, "the peer's route")
    assert site.left_out("--allow-prefix", f"{RESOLVER}/32") == {}
    assert len(site.left_out()) == 1
    site.client.stop()


def test_node_that_loses_its_server_takes_back_what_hides_it(make):
    """The server moves to an address that a peer has taken, which nobody knew when the netmap was
    applied."""
    site = make(url=f"http://{NAME}:8080", overlay_v4="10.0.0.0/8")
    site.server.add_node(site.net, "thief", ipv4=CONTROL)
    process = site.start()
    wait_for(lambda: site.goes_into_tunnel(CONTROL), 10, "the route that hides the new address")
    site.stays_connected()
    mark = process.mark()
    site.names.answer = zone({NAME: [CONTROL]})
    site.evil.ns.nft(f"""table ip moved {{ chain input {{
        type filter hook input priority filter;
        ip daddr {site.evil.ipv4} tcp dport 8080 reject with tcp reset
    }}
    }}""")
    process.wait_log(r"event=agent\.state .*new=offline", timeout=30, after=mark)
    site.skipped(f"address {CONTROL} of thief", after=mark)
    process.wait_log(r"event=agent\.state .*new=running", timeout=60, after=mark)
    assert not site.goes_into_tunnel(CONTROL)
    site.stays_connected()
    site.client.stop()


def test_this_host_comes_into_another_network(make):
    """The server can be reached all the time, so nothing else makes the agent look again: the new
    gateway and name server have addresses of peers."""
    site = make(overlay_v4="10.0.0.0/8")
    gateway, resolver = "10.0.9.2", "10.0.0.54"
    for name, address in (("thief1", gateway), ("thief2", resolver)):
        site.server.add_node(site.net, name, ipv4=address)
        site.evil.ns.ip("addr", "add", f"{address}/32", "dev", site.evil.interface)
    good_v4 = site.server.nodes[site.server.add_node(site.net, "good")]["info"]["ipv4"]
    process = site.start()
    for address in (gateway, resolver, good_v4):
        wait_for(lambda to=address: site.goes_into_tunnel(to), 10, f"the route to {address}")
    mark = process.mark()
    site.victim.ns.ip("route", "replace", "default", "via", gateway, "dev", site.victim.interface,
                      "onlink")
    site.files.write("resolv.conf", f"nameserver {resolver}\n")
    wait_for(lambda: not site.goes_into_tunnel(gateway), 20, "the gateway outside the tunnel")
    wait_for(lambda: not site.goes_into_tunnel(resolver), 20, "the name server outside the tunnel")
    assert site.skipped(f"address {gateway} of thief1", after=mark).startswith("it would hide")
    assert site.goes_into_tunnel(good_v4)
    # A network that has the prefix itself: the whole family goes, and comes back with the next one.
    mark = process.mark()
    site.victim.ns.ip("link", "add", "hotel", "type", "bridge")
    site.victim.ns.ip("addr", "add", "10.1.2.3/24", "dev", "hotel")
    site.victim.ns.ip("link", "set", "hotel", "up")
    site.skipped("IPv4 prefix 10.0.0.0/8", after=mark)
    wait_for(lambda: not site.goes_into_tunnel(good_v4), 20, "no IPv4 in the tunnel")
    site.victim.ns.ip("link", "del", "hotel")
    wait_for(lambda: site.goes_into_tunnel(good_v4), 20, "IPv4 in the tunnel")
    site.stays_connected()
    assert "new=offline" not in process.log()
    site.client.stop()


def test_own_address_that_comes_later(make):
    """An endpoint that becomes this host's own address is not sent to any more."""
    site = make()
    own, other = "198.51.100.77", "203.0.113.9"
    node = site.server.add_node(site.net, "peer", endpoints=[f"{own}:9", f"{other}:9"])
    key = site.server.nodes[node]["info"]["wg_public_key"]
    process = site.start("--endpoint-stale-after", "600")
    process.wait_log(r"event=agent\.netmap .*peers=1 ")
    assert site.client.wg_peers()[key]["endpoint"] == f"{own}:9"
    site.victim.ns.ip("addr", "add", f"{own}/32", "dev", site.victim.interface)
    wait_for(lambda: site.client.wg_peers()[key]["endpoint"] == f"{other}:9", 20,
             "the other endpoint")
    assert site.skipped(f"endpoint {own}:9 of peer") == "it is this host's own address"
    site.client.stop()


# --- what is not the server's to give ---

def test_public_prefix(make):
    site = make(overlay_v4="8.0.0.0/7")
    peer = site.server.add_node(site.net, "peer", ipv4="8.8.8.8")
    info = site.server.nodes[peer]["info"]
    process = site.start()
    assert site.skipped("IPv4 prefix 8.0.0.0/7") == (
        "it has public addresses; --allow-prefix 8.0.0.0/7 uses it all the same")
    assert not site.goes_into_tunnel("8.8.8.8")
    assert site.client.wg_peers()[info["wg_public_key"]]["allowed_ips"] == {f"{info['ipv6']}/128"}
    name = "peer." + site.server.networks[site.net]["dns_domain"]
    wait_for(lambda: name in site.client.hosts_names(), 10, "the peer's name")
    assert site.client.hosts_names()[name] == {info["ipv6"]}
    assert list(site.left_out()) == ["IPv4 prefix 8.0.0.0/7"]
    dry = site.client.json("agent", "--interface", site.client.interface, "--dry-run", "--json")
    assert [entry["what"] for entry in dry["left_out"]] == ["IPv4 prefix 8.0.0.0/7"]
    site.client.stop()
    process = site.start("--allow-prefix", "8.0.0.0/7")
    wait_for(lambda: site.goes_into_tunnel("8.8.8.8"), 10, "the peer's route")
    assert "agent.skipped" not in process.log()
    assert site.left_out("--allow-prefix", "8.0.0.0/7") == {}
    site.client.stop()


def test_prefix_that_this_host_has(make):
    site = make(overlay_v4="10.20.0.0/16")
    ns = site.victim.ns
    ns.ip("link", "add", "lan0", "type", "bridge")
    ns.ip("link", "set", "lan0", "up")
    ns.ip("addr", "add", "10.20.30.1/24", "dev", "lan0")
    peer = site.server.add_node(site.net, "peer")
    address = site.server.nodes[peer]["info"]["ipv4"]
    site.start()
    assert site.skipped("IPv4 prefix 10.20.0.0/16").startswith(
        "it overlaps 10.20.30.0/24, which this host reaches in another way; ")
    assert not site.goes_into_tunnel(address)
    site.client.stop()
    ns.ip("addr", "del", "10.20.30.1/24", "dev", "lan0")
    ns.ip("route", "add", "10.16.0.0/12", "dev", "lan0")  # as another tunnel would have it
    site.start()
    assert site.skipped("IPv4 prefix 10.20.0.0/16").startswith("it overlaps 10.16.0.0/12, ")
    site.client.stop()
    site.start("--allow-prefix", "10.20.0.0/16")
    wait_for(lambda: site.goes_into_tunnel(address), 10, "the peer's route")
    site.client.stop()


@pytest.mark.parametrize("domain", ["com", "debian.org"])
def test_public_domain(make, domain):
    site = make(dns_domain=domain)
    site.server.add_node(site.net, "www")
    site.start("--dns-short-names")
    assert site.skipped(f"domain {domain}") == (
        f"others may have names below it; --allow-domain {domain} uses it all the same")
    assert set(site.client.hosts_names()) == {"localhost"}
    site.client.run("netmap")
    assert site.client.run("dns").stdout == ""
    site.client.stop()
    site.start("--allow-domain", domain)
    wait_for(lambda: f"www.{domain}" in site.client.hosts_names(), 10, "the peer's name")
    assert f"www.{domain}" in site.client.run("dns", "--allow-domain", domain).stdout
    site.client.stop()


def test_short_names(make):
    site = make()
    domain = site.server.networks[site.net]["dns_domain"]
    for name in ("desk", "localdomain", "nas", "wpad"):
        site.server.add_node(site.net, name)
    with open(site.client.hosts, "a", encoding="ascii") as file:
        file.write("192.168.1.9 NAS.home.arpa NAS\n")
    site.start()
    wait_for(lambda: f"desk.{domain}" in site.client.hosts_names(), 10, "names")
    assert not {"desk", "localdomain", "nas", "wpad", "v"} & set(site.client.hosts_names())
    site.client.stop()
    site.start("--dns-short-names")
    wait_for(lambda: "desk" in site.client.hosts_names(), 10, "short names")
    assert {"desk", "v"} < set(site.client.hosts_names())
    assert not {"localdomain", "nas", "wpad"} & set(site.client.hosts_names())
    assert site.skipped("short name of nas") == "this host has that name already"
    site.client.run("netmap")
    shown = site.client.run("dns", "--hosts-path", site.client.hosts, "--apply-hosts", "--output",
                            "/dev/stdout", "--dns-short-names").stdout
    assert f"desk.{domain} desk\n" in shown and f"nas.{domain}\n" in shown
    assert {host["name"] for host in site.client.json("dns", "--json")["hosts"]} == {
        "desk", "localdomain", "nas", "wpad", "v"}
    site.client.stop()


def test_name_of_the_control_server(make):
    site = make(url=f"http://{NAME}:8080", dns_domain="example")
    site.server.add_node(site.net, "control")
    site.start("--allow-domain", "example")
    assert site.skipped("name of control") == "it is a control server's name"
    assert NAME not in site.client.hosts_names()
    site.client.stop()


def test_later_changes(make):
    site = make()
    site.server.add_node(site.net, "peer", ipv4="100.64.0.99")
    process = site.start()
    site.server.nodes[site.client.node_id]["info"]["ipv4"] = "10.66.0.1"
    for entry in site.server.nodes.values():
        if entry["info"]["name"] == "peer":
            entry["info"]["ipv4"] = "10.66.0.2"
    site.change(overlay_v4="10.66.0.0/16")
    assert process.wait_log(r'event=agent\.network_changed what="IPv4 prefix" .* used=(\w+)'
                            ).group(0).endswith("new=10.66.0.0/16 used=yes")
    wait_for(lambda: site.goes_into_tunnel("10.66.0.2"), 10, "the new address")
    site.change(dns_domain="other.lan")
    process.wait_log('event=agent.network_changed what="domain" old=net-0.lightscale '
                     'new=other.lan used=yes')
    mark = process.mark()
    site.change(dns_domain="debian.org")
    process.wait_log('level=warn event=agent.network_changed what="domain" old=other.lan '
                     'new=debian.org used=no', after=mark)
    site.skipped("domain debian.org", after=mark)
    for entry in site.server.nodes.values():
        entry["info"]["ipv4"] = entry["info"]["ipv4"].replace("10.66", "9.9")
    site.change(overlay_v4="9.9.0.0/16")
    process.wait_log('level=warn event=agent.network_changed what="IPv4 prefix" '
                     'old=10.66.0.0/16 new=9.9.0.0/16 used=no', after=mark)
    wait_for(lambda: not site.goes_into_tunnel("10.66.0.2"), 10, "no route to the old address")
    assert not site.goes_into_tunnel("9.9.0.2")
    site.client.stop()


# --- where packets may be aimed ---

def test_endpoints(make):
    site = make()
    bad = ["127.0.0.1:9", "0.0.0.0:9", "224.0.0.1:9", "255.255.255.255:9", "[::1]:9",
           f"{site.victim.ipv4}:9", "198.51.100.255:9", "100.64.0.77:9", "169.254.169.254:80"]
    peers = {}
    for number, endpoint in enumerate(bad):
        node = site.server.add_node(site.net, f"p{number}", endpoints=[endpoint])
        peers[endpoint] = site.server.nodes[node]["info"]["wg_public_key"]
    both = site.server.add_node(site.net, "both", endpoints=["127.0.0.1:9", "203.0.113.9:9"])
    process = site.start()
    process.wait_log(r"event=agent\.netmap .*peers=10 ")
    shown = site.client.wg_peers()
    for endpoint, key in peers.items():
        assert shown[key]["endpoint"] == "(none)", endpoint
    assert shown[site.server.nodes[both]["info"]["wg_public_key"]]["endpoint"] == "203.0.113.9:9"
    reasons = site.left_out()
    assert reasons[f"endpoint {site.victim.ipv4}:9 of p5"] == "it is this host's own address"
    assert reasons["endpoint 100.64.0.77:9 of p7"] == "it lies inside the tunnel"
    assert len(reasons) == len(bad) + 1
    assert json.dumps(reasons).count("broadcast") == 2
    site.client.stop()
