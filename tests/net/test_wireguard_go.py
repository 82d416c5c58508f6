# SPDX-License-Identifier: Apache-2.0
"""Our userspace interface against Debian's wireguard-go and wg(8): nothing in between is ours."""
import os
import time

import pytest

from lab import ping, wait_for
from tunnels import assert_reach, assert_transfers, connected_pair, genkey, pair

MEGABYTE = 1 << 20


@pytest.mark.main_subset
@pytest.mark.parametrize("initiator", ["ours", "wireguard-go"])
@pytest.mark.parametrize("version", [4, 6])
def test_handshake_and_traffic(lab, initiator, version):
    responder = "wireguard-go" if initiator == "ours" else "ours"
    a, b = connected_pair(lab, initiator, responder, version=version)
    assert a.peer(b)["handshake"] > 0 and b.peer(a)["handshake"] > 0
    assert b.peer(a)["endpoint"] == a.endpoint(version)
    assert_transfers(a, b, 4 * MEGABYTE)
    for size in (0, 1, 15, 16, 17, 1391, 1392, 5000):
        assert ping(a.ns, b.inner[4], size=size)
        assert ping(b.ns, a.inner[6], size=size)


def test_preshared_key(lab):
    a, b = pair(lab, "ours", "wireguard-go")
    first, second, third = (a.file(name, genkey()) for name in ("psk1", "psk2", "psk3"))

    def handshake(*psk):
        """Makes wireguard-go forget the session; true when a new one then comes about."""
        b.remove_peer(a)
        b.add_peer(a, *psk, version=4)
        return ping(b.ns, a.inner[4], count=2, timeout=2)

    a.add_peer(b, "preshared-key", first, version=4)
    b.add_peer(a, "preshared-key", first)
    assert_reach(a, b)
    # Another key on both sides: the next handshake uses it.
    a.set("peer", b.public, "preshared-key", second)
    assert handshake("preshared-key", second)
    # On one side only: no handshake.
    a.set("peer", b.public, "preshared-key", third)
    assert not handshake("preshared-key", second)
    assert b.peer(a)["handshake"] == 0
    assert not handshake()
    # And none at all again.
    a.set("peer", b.public, "preshared-key", "/dev/null")
    wait_for(handshake, timeout=30)


@pytest.mark.parametrize("sender", ["ours", "wireguard-go"])
def test_persistent_keepalive(lab, sender):
    a, b = pair(lab, sender, "ours" if sender == "wireguard-go" else "wireguard-go")
    b.add_peer(a)
    a.add_peer(b, "persistent-keepalive", "1", version=4)
    # It starts the handshake by itself, and goes on without any traffic.
    wait_for(lambda: b.peer(a)["handshake"] > 0)
    before = b.peer(a)["rx"]
    wait_for(lambda: b.peer(a)["rx"] >= before + 3 * 32, what="three keepalives")
    a.set("peer", b.public, "persistent-keepalive", "off")
    assert a.peer(b)["keepalive"] == "off"


@pytest.mark.parametrize("mover", ["ours", "wireguard-go"])
@pytest.mark.parametrize("version", [4, 6])
def test_roaming(lab, mover, version):
    """The other end follows authenticated data to another port and to another address."""
    a, b = connected_pair(lab, mover, "ours" if mover == "wireguard-go" else "wireguard-go",
                          version=version)
    a.port += 1000
    a.set("listen-port", a.port)
    assert_reach(a, b, versions=[4])
    assert b.peer(a)["endpoint"] == a.endpoint(version)
    # A NAT in front of a gives its traffic another address from now on. (wireguard-go keeps
    # sending from an address that was taken away, so that is not what moves it here.)
    new, bits, family = {4: ("192.0.2.77", 24, "ip"), 6: ("2001:db8::77", 64, "ip6")}[version]
    a.ns.ip("addr", "add", f"{new}/{bits}", "dev", "wire",
            *(["nodad"] if version == 6 else []))
    a.ns.nft(f"table {family} moved {{ chain out {{ type nat hook postrouting priority srcnat; "
             f"udp dport {b.port} snat to {new}\n}}\n}}\n")
    a.set("listen-port", a.port + 1)
    assert_reach(a, b, versions=[4])
    assert new in b.peer(a)["endpoint"]
    assert_reach(b, a)


@pytest.mark.parametrize("version", [4, 6])
def test_roaming_off_a_removed_address(lab, version):
    a, b = connected_pair(lab, "ours", "wireguard-go", version=version)
    new, bits = {4: ("192.0.2.77", 24), 6: ("2001:db8::77", 64)}[version]
    a.ns.sysctl("net.ipv4.conf.all.promote_secondaries", 1)
    a.ns.ip("addr", "add", f"{new}/{bits}", "dev", "wire",
            *(["nodad"] if version == 6 else []))
    a.ns.ip("addr", "del", f"{a.outer[version]}/{bits}", "dev", "wire")
    assert_reach(a, b, versions=[4])
    assert new in b.peer(a)["endpoint"]


def test_source_filter(lab):
    """What a peer sends from addresses that are not its own is dropped."""
    a, b = connected_pair(lab, "wireguard-go", "ours")
    a.ns.ip("addr", "add", "10.9.0.77/32", "dev", a.name)
    a.ns.ip("addr", "add", "10.9.0.78/32", "dev", a.name)
    b.ns.ip("route", "replace", "10.9.0.64/26", "dev", b.name)

    def from_other(address):
        done = a.ns.run("ping", "-n", "-q", "-c", 1, "-W", 1, "-I", address, b.inner[4],
                        check=False)
        return done.returncode == 0

    assert not from_other("10.9.0.77")
    b.set("peer", a.public, "allowed-ips", a.allowed + ",10.9.0.64/26")
    assert from_other("10.9.0.77") and from_other("10.9.0.78")
    # A more specific peer takes one address out of the range.
    b.set("peer", "A" * 43 + "=", "allowed-ips", "10.9.0.77/32")
    assert not from_other("10.9.0.77")
    assert from_other("10.9.0.78")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not os.environ.get("SLOW_TESTS"), reason="takes 150 s; set SLOW_TESTS=1")
@pytest.mark.parametrize("initiator", ["ours", "wireguard-go"])
def test_rekey_after_two_minutes(lab, initiator):
    """REKEY_AFTER_TIME for real: a new handshake at 120 s, without a lost packet."""
    a, b = connected_pair(lab, initiator, "ours" if initiator == "wireguard-go" else "wireguard-go")
    first = a.peer(b)["handshake"]
    started = time.monotonic()
    pinger = a.ns.start("ping", "ping", "-n", "-i", "0.2", "-w", "140", b.inner[4])
    wait_for(lambda: a.peer(b)["handshake"] > first, timeout=135, what="second handshake")
    assert 118 <= time.monotonic() - started <= 132
    assert pinger.wait(timeout=60) == 0
    assert " 0% packet loss" in pinger.log()
