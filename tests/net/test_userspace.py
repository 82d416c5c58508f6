# SPDX-License-Identifier: Apache-2.0
"""Our userspace interface by itself: offloads and their switches, bad networks and bad neighbours,
wg(8) against the UAPI socket."""
import base64
import errno
import itertools
import os
import random
import re
import shutil
import signal
import socket
import stat
import threading
import time

import pytest

from lab import ping, wait_for
from lab.topology import link
from tunnels import (UAPI_DIR, End, assert_reach, assert_transfers, cable, connected_pair, genkey,
                     pair, pubkey)

MEGABYTE = 1 << 20
SOL_UDP, UDP_SEGMENT = 17, 103
SWITCHES = ["--no-tun-offload", "--no-gso", "--no-gro"]


def _udp_stream(a, b, version, gso_size, count):
    """Numbered datagrams in super-packets through the tunnel: all arrive, whole and in order."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6

    def receiver():
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        sock.settimeout(10)
        sock.bind((b.inner[version], 0))
        return sock

    def send(port):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(SOL_UDP, UDP_SEGMENT, gso_size)
            for start in range(0, count, 16):
                block = b"".join(n.to_bytes(4, "big") * (gso_size // 4)
                                 for n in range(start, start + 16))
                sock.sendto(block, (b.inner[version], port))

    sock = b.ns.call(receiver)
    a.ns.call(send, sock.getsockname()[1])
    with sock:
        for number in range(count):
            data = sock.recv(65535)
            assert data == number.to_bytes(4, "big") * (gso_size // 4), f"datagram {number}"


@pytest.mark.parametrize("off", [c for n in range(4) for c in itertools.combinations(SWITCHES, n)],
                         ids=lambda c: "+".join(c) or "all-on")
def test_offload_switches(lab, off):
    """Every combination, against an end with all of them."""
    a, b = connected_pair(lab, "ours", "ours", options_a=off)
    assert_transfers(a, b, 8 * MEGABYTE)
    for version in (4, 6):
        _udp_stream(a, b, version, 1200, 320)
        _udp_stream(b, a, version, 64, 320)


@pytest.mark.parametrize("sender", ["ours", "wireguard-go"])
def test_order_around_ip_options(lab, sender):
    """One datagram of a flow has IP options: none of those after it arrives before it."""
    a, b = connected_pair(lab, sender, "ours")
    record_route = bytes([7, 7, 4, 0, 0, 0, 0, 1])

    def receiver():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(10)
        sock.bind((b.inner[4], 0))
        return sock

    def send(port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for number in range(40):
                options = record_route if number % 8 == 3 else b""
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
                sock.sendto(bytes([number]) * 100, (b.inner[4], port))

    with b.ns.call(receiver) as sock:
        before = a.peer(b)["tx"]
        b.process.send_signal(signal.SIGSTOP)  # so that it receives all of them in one batch
        a.ns.call(send, sock.getsockname()[1])
        wait_for(lambda: a.peer(b)["tx"] >= before + 40 * 128, what="all datagrams sent")
        b.process.send_signal(signal.SIGCONT)
        assert [sock.recv(200)[0] for _ in range(40)] == list(range(40))


@pytest.mark.main_subset
def test_outer_ipv6(lab):
    a, b = connected_pair(lab, "ours", "ours", version=6)
    assert_transfers(a, b, 8 * MEGABYTE)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace to fail system calls")
@pytest.mark.parametrize("fault, line", [
    ("sendmmsg:error=EIO:when=6..30", "udp.gso_disabled"),
    ("writev:error=EINVAL:when=6..30", "tun.offload_disabled"),
])
def test_refused_offload(lab, fault, line):
    """The kernel refuses an offload in mid-flight: it is turned off, once, and nothing breaks."""
    a, b = connected_pair(lab, "ours", "ours")
    end, other = (a, b) if "sendmmsg" in fault else (b, a)
    strace = end.ns.start("strace", "strace", "-f", "-q", "-o", "/dev/null", "-e",
                          f"trace={fault.split(':')[0]}", "-e", f"inject={fault}",
                          "-p", end.process.pid)
    wait_for(lambda: _tracer_of(end.process.pid) != 0, what="strace")
    assert_transfers(a, b, 8 * MEGABYTE, versions=[4])
    end.process.wait_log(f"event={line}")
    assert end.process.log().count(line) == 1
    strace.send_signal(signal.SIGINT)
    strace.wait()
    assert_transfers(a, b, MEGABYTE)
    assert line not in other.process.log()


def _tracer_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"TracerPid:\s+(\d+)", file.read()).group(1))


def test_narrow_path(lab):
    """An underlay too narrow for a full datagram: fragments, and no trains, but everything works."""
    a, b = pair(lab, "ours", "ours")
    for end in (a, b):
        end.ns.ip("link", "set", "wire", "mtu", "1300")
    a.add_peer(b, version=4)
    b.add_peer(a)
    assert_reach(a, b)
    assert_transfers(a, b, 2 * MEGABYTE)
    wait_for(lambda: "udp.path_narrow" in a.process.log())
    assert a.process.log().count("udp.path_narrow") == 1


def test_slow_wire(lab):
    """A wire far slower than what the tunnel gets fills the socket's buffer: packets are lost, but
    wg(8) gets its answers."""
    a, b = connected_pair(lab, "ours", "ours")
    a.ns.run("tc", "qdisc", "replace", "dev", "wire", "root", "tbf", "rate", "200kbit", "burst",
             "4k", "limit", "50000000")

    def flood(until):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            while time.monotonic() < until:
                try:
                    for length in range(100, 900, 16):  # growing: no two share a train
                        sock.sendto(bytes(length), (b.inner[4], 9))
                except BlockingIOError:
                    pass

    until = time.monotonic() + 3
    flooder = threading.Thread(target=a.ns.call, args=(flood, until))
    flooder.start()
    longest = 0
    while time.monotonic() < until:
        began = time.monotonic()
        a.wg("show", a.name, "listen-port")
        longest = max(longest, time.monotonic() - began)
    flooder.join()
    assert longest < 1


def test_host_without_ipv6(lab):
    a, b = End(lab, "a", "ours"), End(lab, "b", "ours")
    for end in (a, b):
        end.ns.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        end.ns.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
    cable(a, b)
    a.start()
    b.start()
    a.add_peer(b, version=4)
    b.add_peer(a)
    assert_reach(a, b, versions=[4])
    assert_transfers(a, b, MEGABYTE, versions=[4])


@pytest.mark.main_subset
def test_garbage_flood(lab):
    """Datagrams of every kind and length, up to the largest: the tunnel goes on."""
    a, b = connected_pair(lab, "ours", "ours")
    generator = random.Random(7)

    def flood():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for i in range(4000):
                length = generator.choice([0, 1, 3, 4, 16, 31, 32, 33, 63, 64, 65, 91, 92, 93, 147,
                                           148, 149, 150, 1452, 1500, 9000])
                kind = bytes([i % 6, 0, 0, 0])
                sock.sendto((kind + generator.randbytes(length))[:length],
                            (b.outer[4], b.port))
            for length in (65000, 65507):
                sock.sendto(b"\x04\0\0\0" + bytes(length - 4), (b.outer[4], b.port))

    a.ns.call(flood)
    assert_reach(a, b)
    assert_reach(b, a)
    assert_transfers(a, b, MEGABYTE, versions=[4])


def test_unreachable_answers(lab):
    """Packets that have nowhere to go are answered at once."""
    a, b = pair(lab, "ours", "ours")
    a.add_peer(b)  # without an endpoint
    for target in (b.inner[4], b.inner[6], "10.9.0.99", "fd09::99"):
        done = a.ns.run("ping", "-n", "-c", 1, "-W", 5, target, check=False)
        own = a.inner[6 if ":" in target else 4]
        assert f"From {own}" in done.stdout and "nreachable" in done.stdout, done.stdout

    def connect():
        with pytest.raises(OSError) as caught:
            socket.create_connection(("10.9.0.99", 80), timeout=5)
        return caught.value.errno

    assert a.ns.call(connect) == errno.EHOSTUNREACH


def test_unreachable_answers_without_raw_sockets(lab):
    """Without CAP_NET_RAW the answers come out of the tunnel."""
    a = End(lab, "a", "ours", wrapper=["setpriv", "--bounding-set", "-net_raw"])
    a.start()
    for target, own in (("10.9.0.99", "192.0.0.8"), ("fd09::99", a.inner[6])):
        done = a.ns.run("ping", "-n", "-c", 1, "-W", 5, target, check=False)
        assert f"From {own}" in done.stdout and "nreachable" in done.stdout, done.stdout


def test_unreachable_answers_to_forwarded_packets(lab):
    """A host behind a gets the answer from a's address on its side, not from the one it asked."""
    a = End(lab, "a", "ours")
    a.start()
    c = lab.namespace("c")
    link(a.ns, "lan", c, "lan")
    a.ns.sysctl("net.ipv4.ip_forward", 1)
    a.ns.sysctl("net.ipv6.conf.all.forwarding", 1)
    for version, net in ((4, "10.77.0."), (6, "fd77::")):
        for ns, number in ((a.ns, 1), (c, 2)):
            ns.ip("addr", "add", f"{net}{number}/{24 if version == 4 else 64}", "dev", "lan",
                  *(["nodad"] if version == 6 else []))
        c.ip("-4" if version == 4 else "-6", "route", "add", "default", "via", f"{net}1")
    for target, own in (("10.9.0.99", "10.77.0.1"), ("fd09::99", "fd77::1")):
        done = c.run("ping", "-n", "-c", 1, "-W", 5, target, check=False)
        assert f"From {own}" in done.stdout and "nreachable" in done.stdout, done.stdout
    # A program with an open connection hears of it, too.
    a.ns.nft("table ip nat {\nchain post {\ntype nat hook postrouting priority srcnat;\n"
             f"oifname {a.name} masquerade\n}}\n}}\n")
    done = c.run("ping", "-n", "-c", 1, "-W", 5, "10.9.0.99", check=False)
    assert "From 10" in done.stdout and "nreachable" in done.stdout, done.stdout


def test_interface_down_and_up(lab):
    a, b = connected_pair(lab, "ours", "ours")
    b.ns.ip("link", "set", b.name, "down")
    b.process.wait_log("event=interface.down")
    assert not ping(a.ns, b.inner[4])
    b.ns.ip("link", "set", b.name, "up")
    b.ns.ip("addr", "replace", f"{b.inner[6]}/64", "dev", b.name, "nodad")
    # b lost its session and has no word for a, which a finds out by itself.
    assert_reach(a, b, timeout=30)
    assert b.process.running()


def test_mtu_change(lab):
    a, b = connected_pair(lab, "ours", "ours")
    for mtu in (1280, 1400, 9000):
        for end in (a, b):
            end.ns.ip("link", "set", end.name, "mtu", mtu)
        assert_reach(a, b)
        assert_transfers(a, b, MEGABYTE)


def test_interface_deleted(lab):
    a, b = connected_pair(lab, "ours", "ours")
    a.ns.ip("link", "delete", a.name)
    a.process.wait_log("event=interface.gone")
    ticks = _cpu_ticks(a.process.pid)
    assert a.wg("show", a.name).returncode == 0
    assert _cpu_ticks(a.process.pid) - ticks < 20, "it spins"
    a.process.stop()


def _cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_name_taken(lab):
    a, _ = pair(lab, "ours", "ours")
    for name, message in ((a.name, "exists"), ("wire", "exists"), ("much-too-long-name", "1 to 15"),
                          ("a/b", "not usable"), ("t%d", "not usable")):
        done = a.ns.run(lab.program("tests/net/ls_tunnel"), name, check=False)
        assert done.returncode == 1 and message in done.stderr, done.stderr
    assert a.wg("show", a.name).returncode == 0


def test_end_leaves_nothing(lab):
    a, _ = pair(lab, "ours", "ours")
    path = os.path.join(UAPI_DIR, f"{a.name}.sock")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    a.process.stop()
    assert not os.path.exists(path)
    assert a.name not in a.ns.ip("link", "show")


def test_socket_of_a_killed_process_is_replaced(lab):
    a, _ = pair(lab, "ours", "ours")
    a.process.kill()
    assert os.path.exists(os.path.join(UAPI_DIR, f"{a.name}.sock"))
    wait_for(lambda: a.name not in a.ns.ip("link", "show"))
    a.start()
    assert a.public in a.wg("show", a.name).stdout


# --- wg(8) ---


def test_wg_settings(lab):
    a, b = connected_pair(lab, "ours", "ours")
    shown = a.wg("show", a.name).stdout
    assert a.public in shown and b.public in shown and "latest handshake" in shown
    a.set("fwmark", "0x2a", "peer", b.public, "persistent-keepalive", "7")
    assert a.wg("show", a.name, "fwmark").stdout.strip() == "0x2a"
    assert a.peer(b)["keepalive"] == "7"
    # What is sent carries the mark: here, packets without it do not get out.
    a.ns.nft(f"table inet marks {{ chain out {{ type filter hook output priority 0; "
             f"udp dport {b.port} meta mark != 0x2a drop\n}}\n}}\n")
    assert ping(a.ns, b.inner[4])
    a.set("listen-port", a.port + 1000)
    assert ping(a.ns, b.inner[4]), "new sockets carry it too"
    a.set("fwmark", "off")
    assert not ping(a.ns, b.inner[4])
    a.ns.run("nft", "flush", "ruleset")
    assert_reach(a, b)
    a.set("fwmark", "off", "peer", b.public, "allowed-ips", "10.9.0.2/32")
    assert a.peer(b)["allowed"] == "10.9.0.2/32"
    # update_only leaves unknown peers alone, remove takes known ones away.
    a.set("peer", pubkey(genkey()), "remove")
    a.remove_peer(b)
    assert a.peer(b) is None


def _config_of(end):
    """showconf as a set: the device's lines, and each peer's lines; neither has an order."""
    text = end.wg("showconf", end.name).stdout
    return {frozenset(", ".join(sorted(line.replace("AllowedIPs = ", "").split(", ")))
                      for line in part.splitlines() if line) for part in text.split("\n\n")}


def test_wg_configuration_files(lab):
    a, b = connected_pair(lab, "ours", "ours")
    other, third = pubkey(genkey()), pubkey(genkey())
    a.set("peer", other, "preshared-key", a.file("psk", genkey()), "allowed-ips",
          "10.1.0.0/16,fd01::/64", "endpoint", "[2001:db8::9]:7", "persistent-keepalive", "25")
    saved = a.wg("showconf", a.name).stdout
    before = _config_of(a)
    path = a.file("conf", saved)

    # syncconf of what is there changes nothing: the session stays.
    handshake = a.peer(b)["handshake"]
    a.wg("syncconf", a.name, path)
    assert _config_of(a) == before and a.peer(b)["handshake"] == handshake
    # syncconf takes away what is not in the file, and nothing else.
    a.set("peer", third, "allowed-ips", "10.2.0.0/16")
    a.wg("syncconf", a.name, path)
    assert _config_of(a) == before and a.peer(b)["handshake"] == handshake
    assert ping(a.ns, b.inner[4])
    # addconf adds, setconf replaces all.
    a.wg("addconf", a.name, a.file("add", f"[Peer]\nPublicKey = {third}\n"
                                          "AllowedIPs = 10.2.0.0/16"))
    assert third in a.wg("show", a.name, "peers").stdout
    a.wg("setconf", a.name, path)
    assert _config_of(a) == before
    assert_reach(a, b)


def test_wg_many_peers(lab):
    """A file of 2,000 peers in one request, and back."""
    a, b = connected_pair(lab, "ours", "ours")
    keys = {pubkey(genkey()): i for i in range(20)}
    lines = ["[Interface]", f"PrivateKey = {a.private}", f"ListenPort = {a.port}"]
    generator = random.Random(3)
    for i in range(2000):
        key = list(keys)[i] if i < 20 else base64.b64encode(generator.randbytes(32)).decode()
        lines += ["[Peer]", f"PublicKey = {key}",
                  f"AllowedIPs = 10.{20 + i // 250}.{i % 250}.0/24, fd77:{i:x}::/64"]
    lines += ["[Peer]", f"PublicKey = {b.public}", f"AllowedIPs = {b.allowed}",
              f"Endpoint = {b.endpoint()}"]
    a.wg("setconf", a.name, a.file("many", "\n".join(lines)))
    assert len(a.wg("show", a.name, "peers").stdout.split()) == 2001
    assert_reach(a, b)


def test_listen_port_in_use(lab):
    a, b = connected_pair(lab, "ours", "ours")

    def occupy():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind(("::", 40000))
        return sock

    with a.ns.call(occupy):
        done = a.set("listen-port", "40000", "peer", b.public, "persistent-keepalive", "9",
                     check=False)
        assert done.returncode != 0 and "in use" in done.stderr
        # Nothing of the change was made.
        assert a.wg("show", a.name, "listen-port").stdout.strip() == str(a.port)
        assert a.peer(b)["keepalive"] == "off"
        assert ping(a.ns, b.inner[4])
    a.set("listen-port", "40000")
    assert_reach(a, b)
    a.set("listen-port", "0")
    port = int(a.wg("show", a.name, "listen-port").stdout)
    assert port not in (0, 40000)
    assert_reach(a, b)


class UapiClient:
    """A raw connection to the socket."""

    def __init__(self, end):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.path.join(UAPI_DIR, f"{end.name}.sock"))
        self.sock.settimeout(5)

    def ask(self, text):
        self.sock.sendall(text.encode())
        answer = ""
        while not answer.endswith("\n\n"):
            piece = self.sock.recv(65536).decode()
            assert piece, f"closed after {answer!r}"
            answer += piece
        return answer

    def errno(self, text):
        return int(self.ask(text).split("errno=")[1])


def test_uapi_connection(lab):
    """Several requests on one connection; wrong ones get an errno and do no harm."""
    a, b = connected_pair(lab, "ours", "ours")
    client = UapiClient(a)
    for text, code in (
            ("get=1\n\n", 0), ("set=1\n\n", 0), ("set=1\nfwmark=5\n\n", 0),
            ("set=1\nfwmark=5\nbogus=1\n\n", -errno.EINVAL),
            ("nonsense\n\n", -errno.EINVAL), ("get=2\n\n", -errno.EPROTONOSUPPORT),
            ("set=1\nlisten_port=99999\n\n", -errno.EINVAL),
            ("set=1\npublic_key=00\n\n", -errno.EINVAL),
            ("set=1\n" + "x" * 5000 + "\n\n", -errno.EINVAL), ("get=1\n\n", 0)):
        assert client.errno(text) == code, text[:40]
    answer = client.ask("get=1\n\n")
    assert "fwmark=5\n" in answer and f"listen_port={a.port}\n" in answer
    assert "protocol_version=1\n" in answer and "rx_bytes=" in answer
    assert_reach(a, b)


def test_uapi_many_clients(lab):
    """Idle clients do not keep others out, nor does one that never reads its answers."""
    a, b = connected_pair(lab, "ours", "ours")
    idle = [UapiClient(a) for _ in range(40)]
    assert UapiClient(a).errno("get=1\n\n") == 0
    deaf = UapiClient(a)
    deaf.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            deaf.sock.send(b"get=1\n\n" * 100)
    assert UapiClient(a).errno("get=1\n\n") == 0
    assert_reach(a, b)
    for client in (*idle, deaf):
        client.sock.close()
