# SPDX-License-Identifier: Apache-2.0
"""The network around the tunnel: an interface that is moved elsewhere, routes with an MTU of their own.
Much of it is what the kernel's own tests of WireGuard expect of it."""
import pytest

from lab import ping, wait_for
from tunnels import assert_reach, connected_pair, pair


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
