# SPDX-License-Identifier: Apache-2.0
"""The laboratory itself: what the other tests take for granted about it."""
import subprocess

import pytest

from lab import Lab, WaitTimeout, ping, tcp_transfer, wait_for


def test_topology_connects(lab):
    net = lab.internet()
    server, a, b = net.host("server"), net.router("a").node("a"), net.router("b").node("b")
    for node in (a, b):
        assert ping(node.ns, server.ipv4, timeout=2)
        assert ping(node.ns, server.ipv6, timeout=2)
    tcp_transfer(a.ns, server.ns, server.ipv4, 1 << 20)
    tcp_transfer(a.ns, server.ns, server.ipv6, 1 << 20)


def test_home_router_lets_nothing_in(lab):
    net = lab.internet()
    server, router = net.host("server"), net.router("a")
    a = router.node("a")
    assert ping(a.ns, server.ipv6, timeout=2)
    assert not ping(server.ns, a.ipv6)
    assert not ping(server.ns, router.ipv4)


def test_removal_leaves_nothing(tmp_path):
    with Lab(tmp_path) as lab:
        host = lab.internet().host("server")
        process = host.ns.start("sleeper", "sleep", "600")
        assert process.running()
        names = [host.ns.name]
    assert not process.running()
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert not [name for name in names if name in listed.stdout]


def test_wait_for_says_what_it_waited_for():
    with pytest.raises(WaitTimeout, match="rain.*within 0.1 s"):
        wait_for(lambda: False, timeout=0.1, what="rain")
