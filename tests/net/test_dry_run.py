# SPDX-License-Identifier: Apache-2.0
"""What wg-up and agent say that they would do, and that they then do just that.

    server       a            b
       |         |            |
    ===+=========+============+=== internet (all public, no NAT)
"""
import fcntl
import json
import os
import re

import pytest

from lab import wait_for

STEP = re.compile(r'event=apply\.step interface=\S+ step="([^"]*)"')
NO_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")


class Site:
    """A server, and nodes a, b and c of one network, of which none runs yet. The stored netmap of a
    knows the others."""

    def __init__(self, lab):
        self.lab = lab
        net = lab.internet()
        self.server = lab.server(net.host("server"))
        self.network = self.server.create_network("home")
        self.a, self.b, self.c = (lab.client(net.host(name), self.server) for name in "abc")
        for client in (self.a, self.b):
            client.register(self.server.create_token(self.network))
        self.a.run("netmap")

    def add_c(self):
        self.c.register(self.server.create_token(self.network))


def dry_run(client, command, *args, check=True):
    """Lines on stdout, notes on stderr."""
    done = client.run(command, "--dry-run", "--interface", client.interface, *args, check=check)
    if check:
        assert "Nothing was changed (--dry-run).\n" in done.stderr
    return done.stdout.splitlines(), done.stderr


def wanted(client, *peers, mtu=1420):
    """The lines that add peers (with their routes) to an interface that has none."""
    def key(peer):
        return peer.state()["wg_public_key"][:8]
    routes = [f"{peer.ipv4}/32 table 254" for peer in peers]
    routes += [f"{peer.ipv6}/128 table 254 metric 1024" for peer in peers]
    return [
        "create the interface",
        *(f"add peer {key(peer)} ({peer.name}), allowed IPs {peer.ipv4}/32, {peer.ipv6}/128"
          for peer in peers),
        f"add address {client.ipv4}/32",
        f"add address {client.ipv6}/128",
        *([f"set MTU {mtu}"] if mtu != 1420 else []),  # which new interfaces have
        "bring the interface up",
        *(f"add route {route}" for route in routes)]


def host_state(client):
    """Whatever a dry run could change."""
    with open(client.hosts, encoding="utf-8") as file:
        hosts = file.read()
    files = [(name, os.stat(os.path.join(client.state_dir, name)).st_mtime_ns)
             for name in sorted(os.listdir(client.state_dir))]
    return (client.ns.ip("link", "show"), client.ns.ip("addr", "show"),
            client.ns.ip("route", "show", "table", "all"), hosts, files)


@pytest.mark.main_subset
def test_wg_up_does_what_it_said(lab):
    site = Site(lab)
    a, b = site.a, site.b
    # a's packets to b meet a link with a smaller MTU.
    a.ns.ip("link", "set", "wan", "mtu", "1400")
    site.server.api("POST", "/v1/heartbeat", {"node_id": b.node_id,
                                              "endpoints": [f"{b.host.ipv4}:51820"]})
    before = host_state(a)
    seen = site.server.node(site.network, "a")["last_seen"]
    said, _ = dry_run(a, "wg-up")
    assert said == wanted(a, b, mtu=1320)
    assert host_state(a) == before
    assert site.server.node(site.network, "a")["last_seen"] == seen, "no heartbeat"
    a.process = a.ns.start("wg-up-a", *a.argv("--verbose", "wg-up", "--interface", a.interface))
    a.process.wait_log(r"event=agent\.ready")
    assert STEP.findall(a.process.log()) == said
    assert dry_run(a, "wg-up")[0] == ["nothing to do"]
    a.stop()


@pytest.mark.main_subset
def test_the_agent_does_what_it_said(lab):
    site = Site(lab)
    a = site.a
    names = f"write the names of 2 nodes into {a.hosts}"
    said, _ = dry_run(a, "agent", "--dns-hosts-path", a.hosts)
    assert said == [*wanted(a, site.b), names]
    a.agent("--verbose")
    ready = a.process.wait_log(r"event=agent\.ready").start()
    assert STEP.findall(a.process.log()[:ready]) == said
    a.process.wait_log(r"event=agent\.netmap .*source=server")
    mark = a.process.mark()
    assert dry_run(a, "agent", "--dns-hosts-path", a.hosts)[0] == ["nothing to do"]
    assert not STEP.search(a.process.log()[mark:]), "the running agent is not disturbed"


def test_a_change_alone_is_listed(lab):
    """wg-up does not follow the network: what an admin changed is still to be done."""
    site = Site(lab)
    a, b, c = site.a, site.b, site.c
    a.process = a.ns.start("wg-up-a", *a.argv("wg-up", "--interface", a.interface))
    a.process.wait_log(r"event=agent\.ready")
    site.add_c()
    said, _ = dry_run(a, "wg-up")
    assert said == [line for line in wanted(a, c)
                    if line.startswith(("add peer", "add route"))]
    key = b.state()["wg_public_key"]
    site.server.delete(b.node_id)
    site.server.delete(c.node_id)
    said, _ = dry_run(a, "wg-up")
    assert said == [f"remove peer {key[:8]}",
                    f"remove route {b.ipv4}/32 table 254",
                    f"remove route {b.ipv6}/128 table 254 metric 1024"]
    answer = a.json("wg-up", "--dry-run", "--json", "--interface", a.interface)
    assert answer["interface"] == a.interface and answer["source"] == "server"
    assert answer["hold"] is None and answer["left_out"] == []
    assert [step["text"] for step in answer["steps"]] == said
    peer = answer["steps"][0].pop("peer")
    assert set(peer.pop("allowed_ips")) == {f"{b.ipv4}/32", f"{b.ipv6}/128"}
    assert peer == {"public_key": key, "name": None}
    assert answer["steps"][0] == {"action": "remove", "object": "peer", "text": said[0]}
    assert answer["steps"][1]["route"] == {"prefix": f"{b.ipv4}/32", "table": 254, "metric": 0}
    a.stop()


def test_says_why_there_are_no_peers(lab):
    site = Site(lab)
    a = site.a
    site.server.revoke(a.node_id)
    said, notes = dry_run(a, "agent")
    assert said == wanted(a)
    assert "This node is not active, so it has no peers: revoked\n" in notes
    assert a.json("agent", "--dry-run", "--json", "--interface", a.interface)["hold"] == "revoked"
    # A node that the server does not know: the agent would go on without peers, wg-up would not.
    site.server.delete(a.node_id)
    said, notes = dry_run(a, "agent")
    assert said == wanted(a)
    assert "has no peers: unknown to the control server\n" in notes
    done = a.run("wg-up", "--dry-run", "--interface", a.interface, check=False)
    assert done.returncode == 1 and done.stdout == "" and " 404 " in done.stderr


def test_without_a_server_the_stored_netmap_counts(lab):
    site = Site(lab)
    site.server.kill()
    said, notes = dry_run(site.a, "wg-up")
    assert said == wanted(site.a, site.b)
    assert "The plan comes from the stored netmap: " in notes and "refused" in notes
    answer = site.a.json("wg-up", "--dry-run", "--json", "--interface", site.a.interface)
    assert answer["source"] == "cache"


def test_what_is_left_out_is_listed(lab):
    site = Site(lab)
    a, b = site.a, site.b
    a.ns.ip("tuntap", "add", "dev", "other0", "mode", "tun")
    a.ns.ip("link", "set", "other0", "up")
    a.ns.ip("route", "add", f"{b.ipv4}/32", "dev", "other0")
    a.ns.sysctl("net.ipv6.conf.default.disable_ipv6", "1")
    with open(a.hosts, "w", encoding="ascii") as file:
        file.write(f"# lightscale:{a.profile} begin\n")
    said, _ = dry_run(a, "agent", "--dns-hosts-path", a.hosts)
    left_out = [line for line in said if line.startswith("left out: ")]
    assert said[:-len(left_out)] == [
        line for line in wanted(a, b) if "/128" not in line.split(",")[0]
        and not line.startswith("add route")]
    assert left_out[:2] == [
        "left out: IPv6 addresses and routes: IPv6 is off on this host",
        f"left out: route {b.ipv4}/32 table 254: this host has another route in its place"]
    assert left_out[2].startswith(f"left out: names in the hosts file: {a.hosts}: ")
    assert len(left_out) == 3
    # The agent leaves out the same.
    a.agent(wait=False)
    a.process.wait_log(r"event=agent\.no_ipv6")
    a.process.wait_log(r"event=agent\.route_conflict .*" + re.escape(b.ipv4))
    a.process.wait_log(r"event=agent\.hosts_failed error=.*" + re.escape(a.hosts))
    a.stop()
    assert b.ipv4 in a.ns.ip("route", "show", "dev", "other0")


def test_an_interface_in_the_way(lab):
    site = Site(lab)
    a = site.a
    a.ns.ip("tuntap", "add", "dev", a.interface, "mode", "tun")
    done = a.run("agent", "--dry-run", "--interface", a.interface, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert f"interface {a.interface}: an interface of that name exists" in done.stderr
    # Its routes go with it: they are in nobody's way.
    a.ns.ip("link", "set", a.interface, "up")
    a.ns.ip("route", "add", f"{site.b.ipv4}/32", "dev", a.interface)
    names = f"write the names of 2 nodes into {a.hosts}"
    options = ("--cleanup-before-start", "--dns-hosts-path", a.hosts)
    said, _ = dry_run(a, "agent", *options)
    assert said == ["remove the interface that a crashed run left", *wanted(a, site.b), names]
    a.agent("--verbose", "--cleanup-before-start")
    a.process.wait_log(r"event=agent\.cleanup .*found=yes")
    ready = a.process.wait_log(r"event=agent\.ready").start()
    assert STEP.findall(a.process.log()[:ready]) == said
    # A killed agent leaves its names. They are removed, and written again.
    a.process.kill()
    assert dry_run(a, "agent", *options)[0] == said
    a.agent("--verbose", "--cleanup-before-start")
    ready = a.process.wait_log(r"event=agent\.ready").start()
    assert STEP.findall(a.process.log()[:ready]) == said


def test_needs_no_privileges(lab):
    site = Site(lab)
    a = site.a
    argv = a.argv("wg-up", "--interface", a.interface)
    done = a.ns.run(*NO_CAPABILITIES, *argv, "--dry-run")
    assert done.stdout.splitlines() == wanted(a, site.b)
    refused = a.ns.run(*NO_CAPABILITIES, *argv, check=False)
    assert refused.returncode == 1 and "no permission" in refused.stderr


def test_takes_no_lock(lab):
    """Beside an agent that runs, and while another command holds the state."""
    site = Site(lab)
    a = site.a
    a.agent()
    a.process.wait_log(r"event=agent\.state .*new=running")
    wait_for(lambda: dry_run(a, "agent")[0] == ["nothing to do"], 10)
    lock = os.open(a.state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert json.loads(a.run("agent", "--dry-run", "--json", "--interface",
                                a.interface).stdout)["steps"] == []
    finally:
        os.close(lock)
