# SPDX-License-Identifier: Apache-2.0
"""The network around the tunnel: hosts with several addresses, routes that change or lead back into
the tunnel. Much of it is what the kernel's own tests of WireGuard expect of it."""
import re

import pytest

from lab import ping, tcp_transfer, wait_for
from lab.topology import link
from tunnels import End, assert_reach, assert_transfers, connected_pair, pair

MEGABYTE = 1 << 20
BITS = {4: 24, 6: 64}
SECOND = {4: "192.0.2.102", 6: "2001:db8::102"}  # another address of b
ELSEWHERE = {4: "203.0.113.7", 6: "2001:db8:7::7"}  # an address of b on another interface


def _endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _add_address(end, address, bits, dev="wire"):
    end.ns.ip("addr", "add", f"{address}/{bits}", "dev", dev,
              *(["nodad"] if ":" in address else []))


def _add_second(end, version):
    """Adds SECOND as an address that the host does not choose by itself."""
    end.ns.ip("addr", "add", f"{SECOND[version]}/{BITS[version]}", "dev", "wire",
              *(["nodad", "preferred_lft", 0] if version == 6 else []))


def _only_answers(end):
    """A firewall that lets nothing in but answers to what went out."""
    end.ns.nft("table inet wall {\nchain input {\ntype filter hook input priority filter; "
               "policy drop;\nct state established,related accept\n"
               f"iifname {{ lo, {end.name} }} accept\nmeta l4proto ipv6-icmp accept\n}}\n}}\n")


def _no_wall(end):
    end.ns.run("nft", "flush", "ruleset")


def _ask_at(a, b, address):
    """a talks to that address of b."""
    a.set("peer", b.public, "endpoint", _endpoint(address, b.port))


def _is_asked_at(a, b, address):
    return a.peer(b)["endpoint"] == _endpoint(address, b.port)


def _comes_to_be_asked_at(a, b, address):
    """What b sent before it heard of that may still arrive and move a's endpoint back."""
    _ask_at(a, b, address)
    return ping(a.ns, b.inner[4]) and _is_asked_at(a, b, address)


@pytest.mark.main_subset
@pytest.mark.parametrize("client", ["ours", "wireguard-go"])
@pytest.mark.parametrize("version", [4, 6])
def test_answers_from_the_address_asked(lab, client, version):
    """A client behind a firewall talks to a host's second address."""
    a, b = pair(lab, client, "ours")
    _add_second(b, version)
    a.add_peer(b)
    b.add_peer(a)
    _only_answers(a)
    _ask_at(a, b, SECOND[version])
    for _ in range(8):
        assert ping(a.ns, b.inner[4])
    # Trains of datagrams, in both directions, and what b begins.
    assert_transfers(a, b, 4 * MEGABYTE)
    assert ping(b.ns, a.inner[6])
    assert _is_asked_at(a, b, SECOND[version])
    assert b.peer(a)["endpoint"] == a.endpoint(version)


@pytest.mark.parametrize("version", [4, 6])
def test_address_of_another_interface(lab, version):
    a, b = pair(lab, "ours", "ours")
    b.ns.ip("link", "add", "elsewhere", "type", "bridge")
    b.ns.ip("link", "set", "elsewhere", "up")
    _add_address(b, ELSEWHERE[version], BITS[version], "elsewhere")
    a.ns.ip("route", "add", ELSEWHERE[version], "via", b.outer[version])
    a.add_peer(b)
    b.add_peer(a)
    _only_answers(a)
    _ask_at(a, b, ELSEWHERE[version])
    assert ping(a.ns, b.inner[4])
    assert_transfers(a, b, MEGABYTE, versions=[4])
    assert _is_asked_at(a, b, ELSEWHERE[version])


@pytest.mark.parametrize("version", [4, 6])
def test_each_address_in_turn(lab, version):
    """The client asks at one address after the other; each answers for itself."""
    a, b = pair(lab, "ours", "ours")
    _add_second(b, version)
    a.add_peer(b)
    b.add_peer(a)
    for address in (b.outer[version], SECOND[version]) * 3:
        _ask_at(a, b, address)
        assert ping(a.ns, b.inner[4])
        assert _is_asked_at(a, b, address)


def test_link_local_endpoint(lab):
    a, b = pair(lab, "ours", "ours")
    for end, address in ((a, "fe80::a"), (b, "fe80::b")):
        _add_address(end, address, 64)
        _add_address(end, address + "5", 64)
    a.add_peer(b)
    b.add_peer(a)
    _only_answers(a)
    a.set("peer", b.public, "endpoint", f"[fe80::b5%wire]:{b.port}")
    for _ in range(3):
        assert ping(a.ns, b.inner[4])
    assert a.peer(b)["endpoint"] == f"[fe80::b5%wire]:{b.port}"
    assert_transfers(a, b, MEGABYTE, versions=[4])


@pytest.mark.parametrize("version", [4, 6])
def test_address_is_taken_away(lab, version):
    """The address that the peer talked to is gone: it leaves from another, at once."""
    a, b = pair(lab, "ours", "ours")
    _add_second(b, version)
    a.add_peer(b)
    b.add_peer(a)
    _ask_at(a, b, SECOND[version])
    assert ping(a.ns, b.inner[4])
    b.ns.ip("addr", "del", f"{SECOND[version]}/{BITS[version]}", "dev", "wire")
    assert ping(b.ns, a.inner[4])
    assert _is_asked_at(a, b, b.outer[version])
    # It comes back, and is used again when it is asked at.
    _add_second(b, version)
    _ask_at(a, b, SECOND[version])
    assert ping(a.ns, b.inner[4]) and ping(b.ns, a.inner[4])
    assert _is_asked_at(a, b, SECOND[version])


def _second_cable(a, b):
    link(a.ns, "wire2", b.ns, "wire2")
    for end in (a, b):
        for key in ("all", "wire", "wire2"):
            end.ns.sysctl(f"net.ipv4.conf.{key}.rp_filter", 0)


@pytest.mark.parametrize("version", [4, 6])
def test_another_route_takes_over(lab, version):
    """A better route leads through another interface: the old address is not kept."""
    a, b = pair(lab, "ours", "ours")
    _second_cable(a, b)
    net = {4: "192.0.2.0/24", 6: "2001:db8::/64"}[version]
    old, new = a.outer[version], {4: "192.0.2.3", 6: "2001:db8::3"}[version]
    bits = 32 if version == 4 else 128
    _add_address(a, new, bits, "wire2")
    if version == 6:  # a neighbour answers only for addresses of the interface
        _add_address(b, b.outer[6], bits, "wire2")
        b.ns.ip("route", "add", new, "dev", "wire2")
    family = ["-6"] if version == 6 else []
    a.ns.ip(*family, "route", "flush", "proto", "kernel", "dev", "wire")
    a.ns.ip(*family, "route", "replace", net, "dev", "wire", "src", old, "metric", 20)
    a.add_peer(b, version=version)
    b.add_peer(a)
    assert ping(a.ns, b.inner[4])
    assert b.peer(a)["endpoint"] == _endpoint(old, a.port)
    a.ns.ip(*family, "route", "add", net, "dev", "wire2", "src", new, "metric", 10)
    wait_for(lambda: ping(a.ns, b.inner[4]) and b.peer(a)["endpoint"] == _endpoint(new, a.port),
             what="packets from the new address")  # after many changes it asks a moment later
    # An unrelated change forgets nothing.
    a.ns.ip("route", "add", "198.18.0.0/15", "dev", "wire2")
    assert ping(b.ns, a.inner[4])
    assert b.peer(a)["endpoint"] == _endpoint(new, a.port)


@pytest.mark.parametrize("version", [4, 6])
def test_unrelated_route_changes_forget_nothing(lab, version):
    a, b = pair(lab, "ours", "ours")
    _add_second(b, version)
    a.add_peer(b)
    b.add_peer(a)
    _only_answers(a)
    _ask_at(a, b, SECOND[version])
    assert ping(a.ns, b.inner[4])
    for number in range(20):
        b.ns.ip("route", "add", f"198.18.{number}.0/24", "dev", "wire")
        assert ping(b.ns, a.inner[4])
    assert _is_asked_at(a, b, SECOND[version])


def test_two_uplinks_with_policy_routing(lab):
    """Each address of b has its own uplink, chosen by source: the main table knows only one."""
    a, b = pair(lab, "ours", "ours")
    _second_cable(a, b)
    _add_address(a, "198.51.100.1", 24, "wire2")
    _add_address(b, "198.51.100.2", 24, "wire2")
    _add_address(a, "203.0.113.1", 32, "lo")  # where a's packets come from, behind both uplinks
    a.ns.ip("route", "change", "192.0.2.0/24", "dev", "wire", "src", "203.0.113.1")
    a.ns.ip("route", "change", "198.51.100.0/24", "dev", "wire2", "src", "203.0.113.1")
    b.ns.ip("route", "add", "default", "via", "192.0.2.1")
    b.ns.ip("route", "add", "default", "via", "198.51.100.1", "table", 2)
    b.ns.ip("rule", "add", "from", "198.51.100.2", "lookup", 2)
    a.add_peer(b)
    b.add_peer(a)
    _only_answers(a)
    for address in ("192.0.2.2", "198.51.100.2"):
        wait_for(lambda there=address: _comes_to_be_asked_at(a, b, there))
        for _ in range(3):
            assert ping(a.ns, b.inner[4])
        assert _is_asked_at(a, b, address)
        assert_transfers(a, b, MEGABYTE, versions=[4])
    # The rule goes: from there it would leave through the wrong uplink.
    b.ns.ip("rule", "del", "from", "198.51.100.2", "lookup", 2)
    _no_wall(a)
    wait_for(lambda: ping(b.ns, a.inner[4]) and _is_asked_at(a, b, "192.0.2.2"),
             what="packets from the address of the other uplink")


# --- the interface elsewhere ---


def _move(end, target):
    """Moves the interface into another namespace and sets it up there."""
    end.ns.ip("link", "set", end.name, "netns", target.name)
    target.ip("link", "set", end.name, "up")
    target.ip("addr", "add", f"{end.inner[4]}/24", "dev", end.name)
    target.ip("addr", "add", f"{end.inner[6]}/64", "dev", end.name, "nodad")


def test_interface_in_another_namespace(lab):
    """It is moved away, and another interface takes its name: only the state of ours counts."""
    a, b = connected_pair(lab, "ours", "ours")
    inside = lab.namespace("inside")
    _move(a, inside)
    a.process.wait_log("event=interface.moved")
    a.ns.ip("link", "add", a.name, "type", "bridge")
    a.ns.ip("link", "set", a.name, "mtu", "700")
    wait_for(lambda: ping(inside, b.inner[4]), what="ping from the other namespace")
    mark = a.process.mark()
    for state in ("up", "down"):
        a.ns.ip("link", "set", a.name, state)
    a.ns.ip("link", "del", a.name)
    for version in (4, 6):
        assert ping(inside, b.inner[version], size=1300)
    assert "interface.down" not in a.process.log()[mark:]
    # Settings of the other namespace are followed.
    for end, ns in ((a, inside), (b, b.ns)):
        ns.ip("link", "set", end.name, "mtu", "9000")
    wait_for(lambda: ping(inside, b.inner[4], size=8000), what="ping of 8000 bytes")
    mark = a.process.mark()
    inside.ip("link", "set", a.name, "down")
    a.process.wait_log("event=interface.down", after=mark)
    inside.ip("link", "set", a.name, "up")
    a.process.wait_log("event=interface.up", after=mark)
    wait_for(lambda: ping(inside, b.inner[4]), what="ping after down and up")
    # And back again.
    inside.ip("link", "set", a.name, "netns", a.ns.name)
    a.ns.ip("link", "set", a.name, "up")
    a.ns.ip("addr", "add", f"{a.inner[4]}/24", "dev", a.name)
    wait_for(lambda: ping(a.ns, b.inner[4]), what="ping from the first namespace")
    assert a.process.log().count("event=interface.moved") == 2


def test_interface_deleted_in_another_namespace(lab):
    a, b = connected_pair(lab, "ours", "ours")
    inside = lab.namespace("inside")
    _move(a, inside)
    wait_for(lambda: ping(inside, b.inner[4]), what="ping from the other namespace")
    inside.ip("link", "del", a.name)
    a.process.wait_log("event=interface.gone")
    assert a.wg("show", a.name).returncode == 0


def test_the_tunnel_is_all_that_a_namespace_has(lab):
    """The endpoint is routed into the tunnel there, but the sockets are here: nothing loops."""
    a, b = connected_pair(lab, "ours", "ours")
    inside = lab.namespace("inside")
    _move(a, inside)
    inside.ip("route", "add", "default", "dev", a.name)
    a.set("peer", b.public, "allowed-ips", "0.0.0.0/0,::/0")
    wait_for(lambda: ping(inside, b.inner[4]), what="ping from the other namespace")
    assert ping(inside, b.outer[4])
    assert "loop" not in a.process.log()


def test_interface_renamed(lab):
    """Its old name is another interface's now."""
    a, b = connected_pair(lab, "ours", "ours")
    a.ns.ip("link", "set", a.name, "down")
    a.ns.ip("link", "set", a.name, "name", "renamed")
    a.ns.ip("link", "add", a.name, "type", "bridge")
    a.ns.ip("link", "set", "renamed", "up")
    a.ns.ip("addr", "replace", f"{a.inner[6]}/64", "dev", "renamed", "nodad")
    assert_reach(a, b)
    for end, name in ((a, "renamed"), (b, b.name)):
        end.ns.ip("link", "set", name, "mtu", "9000")
    wait_for(lambda: ping(a.ns, b.inner[4], size=8000), what="ping of 8000 bytes")
    mark = a.process.mark()
    a.ns.ip("link", "set", "renamed", "down")
    a.process.wait_log("event=interface.down", after=mark)


# --- a tunnel that leads into itself ---


def _cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _tunnel_bytes(end):
    """What the host has sent into the interface."""
    out = end.ns.ip("-s", "link", "show", "dev", end.name)
    return int(re.search(r"TX:[^\n]*\n\s+(\d+)", out).group(1))


def _assert_no_loop(a, b, size, versions=(4, 6)):
    """Sends packets of that size; what is sent does not grow."""
    ticks, inside, sent = _cpu_ticks(a.process.pid), _tunnel_bytes(a), a.peer(b)["tx"]
    for version in versions:
        a.ns.run("ping", "-n", "-c", 10, "-i", "0.05", "-W", 1, "-s", size, b.inner[version],
                 check=False)
    assert _cpu_ticks(a.process.pid) - ticks < 50
    return _tunnel_bytes(a) - inside, a.peer(b)["tx"] - sent


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("when", ["before", "after"])
def test_endpoint_routed_into_its_own_tunnel(lab, version, when):
    """The route to the peer's endpoint leads into the tunnel, before or after the handshake."""
    a, b = pair(lab, "ours", "ours")
    host = f"{b.outer[version]}/{32 if version == 4 else 128}"
    b.add_peer(a)
    if when == "after":
        a.add_peer(b, version=version)
        assert_reach(a, b)
    a.ns.ip("route", "add", host, "dev", a.name)
    a.add_peer(b, version=version)
    a.set("peer", b.public, "allowed-ips", f"{b.allowed},{host}")
    inside, sent = _assert_no_loop(a, b, 1300)
    assert inside <= 20 * 1348 and sent == 0, f"{inside} bytes into the tunnel, {sent} sent"
    a.process.wait_log("event=udp.route_loop")
    # The sender learns of it at once.
    done = a.ns.run("ping", "-n", "-c", 1, "-W", 5, b.inner[4], check=False)
    assert "nreachable" in done.stdout, done.stdout
    a.ns.ip("route", "del", host, "dev", a.name)
    assert_reach(a, b)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("size", [100, 1372, 5000])
def test_firewall_leads_into_the_tunnel(lab, version, size):
    """No route shows it: a firewall marks what all programs send, and a rule leads that into the
    tunnel. Our datagrams do get in, once, and no further. Large ones are fragmented first."""
    a, b = connected_pair(lab, "ours", "ours", version=version)
    host = f"{b.outer[version]}/{32 if version == 4 else 128}"
    a.set("peer", b.public, "allowed-ips", f"{b.allowed},{host}")
    family = "ip" if version == 4 else "ip6"
    a.ns.ip(*(["-6"] if version == 6 else []), "rule", "add", "fwmark", 9, "lookup", 9)
    a.ns.ip(*(["-6"] if version == 6 else []), "route", "add", "default", "dev", a.name,
            "table", 9)
    a.ns.nft(f"table {family} reroute {{\nchain output {{\ntype route hook output priority mangle;\n"
             f"{family} saddr != {a.inner[version]} meta l4proto udp meta mark set 9\n}}\n}}\n")
    inside, sent = _assert_no_loop(a, b, size, versions=[4])
    packets = 10 * (1 + size // 1300)
    assert sent <= packets * 3 * 1500 and inside <= packets * 5 * 1500, (inside, sent)
    a.process.wait_log("event=tun.loop")
    _no_wall(a)
    assert_reach(a, b)


def test_tunnel_inside_the_tunnel(lab):
    """Another WireGuard that uses the same port, behind a: its datagrams are not ours."""
    a, b = connected_pair(lab, "ours", "ours")
    c = End(lab, "c", "wireguard-go")
    link(a.ns, "inner", c.ns, "wire")
    c.port = a.port
    a.ns.ip("addr", "add", "10.77.0.1/24", "dev", "inner")
    c.ns.ip("addr", "add", "10.77.0.2/24", "dev", "wire")
    c.ns.ip("route", "add", "default", "via", "10.77.0.1")
    a.ns.sysctl("net.ipv4.ip_forward", 1)
    b.ns.ip("route", "add", "10.77.0.0/24", "dev", b.name)
    b.ns.ip("addr", "add", "10.78.0.1/32", "dev", b.name)
    a.ns.ip("route", "add", "10.78.0.1/32", "dev", a.name)
    b.set("peer", a.public, "allowed-ips", f"{a.allowed},10.77.0.0/24")
    a.set("peer", b.public, "allowed-ips", f"{b.allowed},10.78.0.1/32")
    c.start()
    c.ns.ip("link", "set", c.name, "mtu", 1280)
    nested = End(lab, "d", "ours", ns=b.ns)
    nested.start()
    c.set("peer", nested.public, "allowed-ips", nested.allowed, "endpoint",
          f"10.78.0.1:{nested.port}")
    b.ns.ip("route", "add", f"{c.inner[4]}/32", "dev", nested.name)
    nested.set("peer", c.public, "allowed-ips", c.allowed)
    wait_for(lambda: ping(c.ns, nested.inner[4]), what="ping through both tunnels")
    assert "tun.loop" not in a.process.log()


# --- sizes ---


@pytest.mark.parametrize("version", [4, 6])
def test_padding_fits_the_mtu_of_a_route(lab, version):
    """A route into the tunnel has a smaller MTU than the interface: padding does not exceed it."""
    a, b = pair(lab, "ours", "ours")
    for end in (a, b):
        end.ns.ip("link", "set", end.name, "mtu", 1300)
    a.add_peer(b, version=4)
    b.add_peer(a)
    assert_reach(a, b)
    size, header = {4: 1269, 6: 1249}[version], {4: 28, 6: 48}[version]
    assert size + header == 1297
    for end, other in ((a, b), (b, a)):
        # Padded to 1300 bytes, the packet would be too long for this wire.
        end.ns.nft("table ip narrow {\nchain input {\ntype filter hook input priority filter;\n"
                   "udp dport " + str(end.port) + " ip length > 1359 counter drop\n}\n}\n")
        end.ns.ip("route", "add", other.inner[version], "dev", end.name, "mtu", 1299)
    for _ in range(3):
        assert ping(a.ns, b.inner[version], size=size)
        assert ping(b.ns, a.inner[version], size=size)
    # A packet as long as the interface allows, by the other version's route, is not padded either.
    for end in (a, b):
        end.ns.run("nft", "flush", "ruleset")
    other = 10 - version
    assert ping(a.ns, b.inner[other], size=1300 - (28 if other == 4 else 48))
    # Without the route, padding may use the whole MTU again.
    for end, far in ((a, b), (b, a)):
        end.ns.ip("route", "del", far.inner[version], "dev", end.name, "mtu", 1299)
    before = a.peer(b)["tx"]
    assert ping(a.ns, b.inner[version], size=size)
    assert a.peer(b)["tx"] - before == 1300 + 32


# --- large datagrams are lost ---


def _behind_a_router(lab, mtu):
    """a and b on two sides of a router over IPv6, whose links are narrow, and which tells nobody:
    both hosts believe in 1500 bytes."""
    a, b = End(lab, "a", "ours"), End(lab, "b", "ours")
    router = lab.namespace("router")
    router.sysctl("net.ipv6.conf.all.forwarding", 1)
    for end in (a, b):
        link(end.ns, "wire", router, end.name)
        net = f"2001:db8:{end.number}::"
        end.ns.ip("addr", "add", f"{net}2/64", "dev", "wire", "nodad")
        router.ip("addr", "add", f"{net}1/64", "dev", end.name, "nodad")
        router.ip("link", "set", end.name, "mtu", mtu)
        end.ns.ip("-6", "route", "add", "default", "via", f"{net}1")
        end.start()
    router.nft("table ip6 hole {\nchain output {\ntype filter hook output priority filter;\n"
               "icmpv6 type packet-too-big drop\n}\n}\n")
    a.add_peer(b)
    b.add_peer(a)
    a.set("peer", b.public, "endpoint", f"[2001:db8:2::2]:{b.port}")
    assert_reach(a, b)
    return a, b


@pytest.mark.parametrize("mtu,version", [(1280, 4), (1400, 4), (1400, 6)])
def test_large_datagrams_vanish_over_ipv6(lab, mtu, version):
    """Nobody tells that they are too long: TCP in the tunnel gets through all the same."""
    a, b = _behind_a_router(lab, mtu)
    tcp_transfer(a.ns, b.ns, b.inner[version], MEGABYTE, timeout=40)
    found = re.findall(r"event=udp\.large_lost .*", a.process.log())
    assert found == [f"event=udp.large_lost interface={a.name} mtu={1200 if version == 4 else 1280}"]
    tcp_transfer(b.ns, a.ns, a.inner[version], MEGABYTE, timeout=40)


def test_large_datagrams_arrive_over_ipv6(lab):
    """Small losses are no sign of a narrow path."""
    a, b = connected_pair(lab, "ours", "ours", version=6)
    for end in (a, b):
        end.ns.nft("table inet lossy {\nchain input {\ntype filter hook input priority filter;\n"
                   "iifname wire meta l4proto udp numgen random mod 100 < 3 counter drop\n}\n}\n")
    assert_transfers(a, b, 4 * MEGABYTE)
    assert not re.search(r"packets 0 ", a.ns.run("nft", "list", "ruleset").stdout)
    assert "udp.large_lost" not in a.process.log() + b.process.log()
