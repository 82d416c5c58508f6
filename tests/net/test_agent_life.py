# SPDX-License-Identifier: Apache-2.0
"""The agent's life beside traffic: starts, ends, outages, refusals.

    server       a            b
       |         |            |
    ===+=========+============+=== internet (all public, no NAT)
"""
import fcntl
import json
import os
import re
import signal

import pytest

from lab import ping, wait_for
from lab.lightscale import http_request

REFUSE_V4 = """
table ip cut {
    chain input {
        type filter hook input priority 0
        tcp dport 8080 reject with tcp reset
    }
}
"""


class Site:
    """A server, a network, and nodes a and b with public addresses."""

    def __init__(self, lab, **network):
        self.lab = lab
        self.net = lab.internet()
        self.server = lab.server(self.net.host("server"))
        self.network = self.server.create_network("home", **network)
        self.a = lab.client(self.net.host("a"), self.server)
        self.b = lab.client(self.net.host("b"), self.server)
        for client in (self.a, self.b):
            client.register(self.server.create_token(self.network))

    def joined(self, *args):
        """Both agents run, and traffic flows."""
        for client in (self.a, self.b):
            client.agent(*args)
            client.process.wait_log(r"event=agent\.state .*new=running")
        reach(self.a, self.b)
        return self

    def stored(self):
        """The same, and both have stored all there is to know of the other: agents do that once a
        heartbeat was answered after the netmap."""
        self.joined("--heartbeat-interval", "1")
        for client in (self.a, self.b):
            wait_for(lambda client=client: peers_stored(client), 10, "all that is news")
        return self


def reach(source, target, timeout=20):
    wait_for(lambda: ping(source.ns, target.ipv4), timeout,
             f"ping from {source.name} to {target.name}")


def peers_stored(client):
    """True when the state file knows a peer and where it is reached."""
    return any(peer["endpoints"] for peer in client.state()["last_netmap"]["peers"])


def wg_key(client):
    return client.state()["wg_public_key"]


def uapi_socket(client):
    return f"/var/run/wireguard/{client.interface}.sock"


def is_clean(client):
    """Nothing of the agent is left on its host."""
    assert client.interface not in client.ns.ip("link", "show")
    assert not os.path.exists(uapi_socket(client))
    assert set(client.hosts_names()) == {"localhost"}
    assert not os.path.exists(os.path.join(client.state_dir, "state.json.lock"))
    return True


@pytest.mark.main_subset
def test_starts_from_the_cached_netmap(lab):
    site = Site(lab).stored()
    a, b = site.a, site.b
    site.server.kill()
    for client in (a, b):
        client.stop()
        client.agent()
    for client in (a, b):
        client.process.wait_log(r"event=agent\.netmap .* peers=1 .*source=cache")
        client.process.wait_log(r"event=control\.unreachable .*connection refused")
        client.process.wait_log(r"event=agent\.state old=starting new=offline")
    reach(a, b)
    assert len(re.findall("event=control.unreachable", a.process.log())) == 1, "said once"
    site.server.start()
    for client in (a, b):
        client.process.wait_log(r"event=control\.reachable url=" + re.escape(site.server.url), 60)
        client.process.wait_log(r"event=agent\.state old=offline new=running")


@pytest.mark.main_subset
def test_a_server_restart_leaves_the_tunnel_alone(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    handshake = a.wg_peers()[wg_key(b)]["handshake"]
    mark = a.process.mark()
    site.server.kill()
    a.process.wait_log(r"event=agent\.state old=running new=offline", 15, after=mark)
    assert ping(a.ns, b.ipv4, timeout=2)
    site.server.start()
    a.process.wait_log(r"event=agent\.state old=offline new=running", 60, after=mark)
    assert ping(a.ns, b.ipv6, timeout=2)
    assert a.wg_peers()[wg_key(b)]["handshake"] == handshake, "the session is the same"
    assert not re.search(r"event=agent\.netmap .*(removed|changed)=[1-9]", a.process.log()[mark:])
    # News come again.
    site.server.update_node(b.node_id, name="renamed")
    wait_for(lambda: f"renamed.{site.network['dns_domain']}" in a.hosts_names(), 10)


def test_fails_over_to_the_next_url(lab):
    site = Site(lab)
    a, server = site.a, site.server
    a.control_urls = [server.url, server.url6]
    a.init()
    a.agent()
    a.process.wait_log(r"event=control\.reachable url=" + re.escape(server.url))
    a.process.wait_log(r"event=agent\.state .*new=running")
    mark = a.process.mark()
    server.host.ns.nft(REFUSE_V4)
    # The waiting long-poll is answered, the next one meets the filter.
    for name in ("bee", "boa"):
        answer = server.host.ns.call(
            http_request, server.host.ipv6, "PUT", f"/v1/admin/nodes/{site.b.node_id}",
            {"name": name}, {"Authorization": f"Bearer {server.admin_token}"})
        assert answer.status == 200
        wait_for(lambda host=f"{name}.{site.network['dns_domain']}": host in a.hosts_names(), 10,
                 "the new name at a")
    a.process.wait_log(r"event=control\.reachable url=" + re.escape("http://[2001:db8::2]"), 5,
                       after=mark)
    assert "new=offline" not in a.process.log()[mark:]


@pytest.mark.main_subset
@pytest.mark.parametrize("how,state", [("revoke", "revoked"), ("delete", "unknown-node")])
def test_says_that_it_is_cut_off_and_waits(lab, how, state):
    site = Site(lab).joined()
    a, b = site.a, site.b
    getattr(site.server, how)(b.node_id)
    if how == "delete":
        # The server has to say so twice, 30 s apart.
        b.process.wait_log(r"event=agent\.state old=running new=refused", 5)
        assert b.wg_peers()
    b.process.wait_log(r"event=agent\.state old=\S+ new=" + state, 90)
    wait_for(lambda: not b.wg_peers() and not a.wg_peers(), 2, "no peers on either side")
    assert b.process.running() and a.process.running()
    assert b.interface in b.ns.ip("link", "show"), "it waits, it does not go"


def test_an_unapproved_node_waits(lab):
    site = Site(lab)
    c = lab.client(site.net.host("c"), site.server)
    c.register_url(site.network)
    site.a.agent()
    c.agent(wait=False)
    c.process.wait_log(r"event=agent\.state old=starting new=waiting-approval", 15)
    assert not c.wg_peers()
    site.server.approve(c.node_id)
    c.process.wait_log(r"event=agent\.state old=waiting-approval new=running", 5)
    reach(c, site.a)


@pytest.mark.main_subset
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_removes_all_that_was_made(lab, number):
    site = Site(lab).stored()
    a = site.a
    pid_file = os.path.join(a.directory, "agent.pid")
    a.stop()
    a.agent("--pid-file", pid_file)
    with open(pid_file, encoding="ascii") as file:
        assert os.path.exists(f"/proc/{int(file.read())}")
    wait_for(lambda: len(a.hosts_names()) > 1, 5, "names in the hosts file")
    a.process.send_signal(signal.SIGHUP)
    assert ping(a.ns, site.b.ipv4, timeout=2)
    assert a.process.running(), "SIGHUP ends nothing"
    a.process.stop(number)
    assert f"signal={int(number)}" in a.process.log()
    assert is_clean(a) and not os.path.exists(pid_file)
    routes = a.ns.ip("-4", "route", "show", "table", "all") + a.ns.ip("-6", "route", "show")
    assert a.interface not in routes


def test_a_second_agent_is_refused(lab):
    site = Site(lab).joined()
    a = site.a
    same_profile = a.run("agent", "--interface", "ls-" + a.profile[:8] + "x", "--listen-port", "0",
                         check=False)
    assert same_profile.returncode == 1
    assert re.search(rf"in use by another agent.*pid {a.process.pid}", same_profile.stderr)
    other = lab.client(a.host, site.server, name="a2")
    other.register(site.server.create_token(site.network))
    same_interface = other.run("agent", "--interface", a.interface, "--listen-port", "0",
                               check=False)
    assert same_interface.returncode == 1 and a.interface in same_interface.stderr
    cleanup = other.run("agent", "--interface", a.interface, "--listen-port", "0",
                        "--cleanup-before-start", check=False)
    assert cleanup.returncode == 1 and "a running process serves it" in cleanup.stderr
    same_port = other.run("agent", "--interface", other.interface, "--listen-port", "51820",
                          check=False)
    assert same_port.returncode == 1 and "51820" in same_port.stderr
    assert other.interface not in a.ns.ip("link", "show")
    assert ping(a.ns, site.b.ipv4, timeout=2), "the first one is not disturbed"


@pytest.mark.parametrize("cleanup", [(), ("--cleanup-before-start",)])
def test_starts_after_a_kill(lab, cleanup):
    site = Site(lab).joined()
    a = site.a
    wait_for(lambda: len(a.hosts_names()) > 1, 5, "names in the hosts file")
    a.process.kill()
    assert len(a.hosts_names()) > 1, "a killed agent leaves its names"
    a.agent(*cleanup)
    if cleanup:
        a.process.wait_log(r"event=agent\.cleanup interface=" + a.interface)
    reach(a, site.b)
    a.stop()
    assert is_clean(a)


def test_quiet_heartbeats_write_nothing(lab):
    site = Site(lab)
    a = site.a
    a.agent("--heartbeat-interval", "1", "--longpoll-timeout", "1")
    a.process.wait_log(r"event=agent\.state .*new=running")
    path = os.path.join(a.state_dir, "state.json")

    def last_seen():
        return site.server.node(site.network, "a")["last_seen"]

    def settled():
        before = os.stat(path)
        seen = last_seen()
        wait_for(lambda: last_seen() >= seen + 3, 10, "three more heartbeats")
        after = os.stat(path)
        return (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    wait_for(settled, 20, "heartbeats without a write of the state file")
    lines = len(a.process.log().splitlines())
    assert settled()
    assert len(a.process.log().splitlines()) == lines, "and without a line in the log"


def test_a_key_that_was_rotated_is_taken_over(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    private = b.ns.run("wg", "genkey").stdout.strip()
    public = b.ns.run("wg", "pubkey", stdin=private + "\n").stdout.strip()
    site.server.api("POST", f"/v1/nodes/{b.node_id}/rotate-keys", {"wg_public_key": public})
    b.process.wait_log(r"event=agent\.key_differs", 5)
    # As rotate-keys does it: under the lock.
    path = os.path.join(b.state_dir, "state.json")
    lock = os.open(b.state_dir, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    state = b.state()
    state.update(wg_private_key=private, wg_public_key=public)
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT, 0o600), "w",
              encoding="utf-8") as file:
        json.dump(state, file)
    os.rename(path + ".new", path)
    os.close(lock)
    b.process.wait_log(r"event=agent\.key key=" + re.escape(public[:8]), 10)
    wait_for(lambda: public in a.wg_peers(), 5, "the new key at the peer")
    reach(a, b)
    assert wg_key(b) == public, "the agent keeps the new key"


def test_a_broken_state_file_is_left_alone(lab):
    site = Site(lab).stored()
    a, b = site.a, site.b
    path = os.path.join(a.state_dir, "state.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"profile": ')
    site.server.update_node(b.node_id, name="bee")
    a.process.wait_log(r"event=state\.not_saved", 15)
    with open(path, encoding="utf-8") as file:
        assert file.read() == '{"profile": '
    wait_for(lambda: f"bee.{site.network['dns_domain']}" in a.hosts_names(), 5,
             "the new netmap all the same")
    a.stop()
    refused = a.run("agent", "--interface", a.interface, check=False)
    assert refused.returncode == 1 and path in refused.stderr


def test_a_held_state_file_is_written_later(lab):
    """A command that holds the lock of the state keeps the agent from saving, not from working."""
    site = Site(lab).stored()
    a, b = site.a, site.b
    holder = os.open(a.state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        site.server.update_node(b.node_id, name="bee")
        wait_for(lambda: f"bee.{site.network['dns_domain']}" in a.hosts_names(), 5,
                 "the new netmap while the lock is held")
        assert a.state()["last_netmap"]["peers"][0]["name"] != "bee"
    finally:
        os.close(holder)
    wait_for(lambda: a.state()["last_netmap"]["peers"][0]["name"] == "bee", 10,
             "the netmap in the state file")


@pytest.mark.main_subset
def test_a_netmap_is_kept_once_the_server_was_reached_with_it(lab):
    """What cuts a node off must not be what it starts from the next time."""
    site = Site(lab)
    a, b, server = site.a, site.b, site.server
    a.agent()
    a.process.wait_log(r"event=agent\.netmap .*source=server")

    def stored_names():
        return {peer["name"] for peer in a.state()["last_netmap"]["peers"]}
    mark = a.process.mark()
    server.update_node(b.node_id, name="bee")
    a.process.wait_log(r"event=agent\.netmap .*source=server", after=mark)
    wait_for(lambda: f"bee.{site.network['dns_domain']}" in a.hosts_names(), 5, "it is active")
    server.kill()
    assert "bee" not in stored_names(), "no server has answered since"
    a.process.wait_log(r"event=control\.unreachable", 15)
    a.stop()
    assert "bee" not in stored_names()
    a.agent("--heartbeat-interval", "1")
    a.process.wait_log(r"event=agent\.netmap .*source=cache")
    assert f"bee.{site.network['dns_domain']}" not in a.hosts_names()
    server.start()
    wait_for(lambda: stored_names() == {"bee"}, 60, "the netmap, once heartbeats are answered")


@pytest.mark.main_subset
def test_a_deleted_interface_is_made_again(lab):
    site = Site(lab).joined()
    a, b = site.a, site.b
    a.ns.ip("link", "del", a.interface)
    a.process.wait_log(r"event=agent\.restored")
    reach(a, b)
    reach(b, a)
    assert b.node_id and wg_key(b) in a.wg_peers()
    a.stop()
    assert is_clean(a)


def test_wg_up_and_wg_down(lab):
    site = Site(lab)
    a, b = site.a, site.b
    b.agent()
    b.process.wait_log(r"event=agent\.state .*new=running")
    a.process = a.ns.start("wg-up-a", *a.argv("wg-up", "--backend", "boringtun", "--interface",
                                              a.interface, "--listen-port", "51820"))
    wait_for(a.up, 15, "the interface")
    wait_for(lambda: wg_key(a) in b.wg_peers(), 5)
    reach(a, b)
    wait_for(lambda: any(peer["name"] == "b" for peer in a.state()["last_netmap"]["peers"]), 5,
             "the netmap in the state file")
    busy = a.run("wg-down", "--interface", a.interface, "--backend", "boringtun", check=False)
    assert busy.returncode == 1 and "a running process serves it" in busy.stderr
    a.stop()
    assert a.interface not in a.ns.ip("link", "show")
    nothing = a.run("wg-down", "--interface", a.interface, check=False)
    assert nothing.returncode == 1 and "nothing to remove" in nothing.stderr
    a.ns.ip("tuntap", "add", "dev", a.interface, "mode", "tun")
    a.run("wg-down", "--interface", a.interface)
    assert a.interface not in a.ns.ip("link", "show")
    foreign = a.run("wg-down", "--interface", "eth0", check=False)
    assert foreign.returncode in (1, 2) and "ls-" in foreign.stderr
