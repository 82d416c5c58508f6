# SPDX-License-Identifier: Apache-2.0
"""The agent on hosts that are not as it would like them: the state directory cannot be written, the
port is taken, it is not root, and the profile is registered again beside it.

    server       a            b
       |         |            |
    ===+=========+============+=== internet (all public, no NAT)
"""
import os
import re
import shutil
import socket
import subprocess
import tempfile

import pytest

from lab import wait_for
from test_agent_life import Site, reach

NOBODY = 65534


@pytest.mark.main_subset
@pytest.mark.parametrize("how", ["token", "url"])
def test_registered_again_beside_a_running_agent(lab, how):
    site = Site(lab).stored()
    a, b = site.a, site.b
    old = b.node_id
    site.server.delete(old)
    b.process.wait_log(r"event=agent\.state old=running new=refused", 10)
    os.rename(os.path.join(b.state_dir, "state.json"), os.path.join(b.state_dir, "old.json"))
    mark = b.process.mark()
    if how == "token":
        b.register(site.server.create_token(site.network))
    else:
        b.register_url(site.network)
    assert b.node_id != old
    b.process.wait_log(rf"event=agent\.registered old={old} new={b.node_id}", 15, after=mark)
    site.server.approve(b.node_id)
    b.process.wait_log(r"event=agent\.state .* new=running", 20, after=mark)
    wait_for(b.up, 10, "the addresses of the new node")
    reach(a, b)
    reach(b, a)


@pytest.fixture
def read_only(tmp_path):
    """Moves a client's state to a file system that is then made read-only."""
    path = tmp_path / "read-only"
    path.mkdir()

    def move(client):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(path)], check=True)
        shutil.copy(os.path.join(client.state_dir, "state.json"), path)
        subprocess.run(["mount", "-o", "remount,ro", str(path)], check=True)
        client.state_dir = str(path)
    yield move
    subprocess.run(["umount", str(path)], check=False)


@pytest.mark.main_subset
def test_a_state_directory_that_cannot_be_written(lab, read_only):
    site = Site(lab).stored()
    a = site.a
    a.stop()
    read_only(a)
    a.agent("--heartbeat-interval", "1")
    a.process.wait_log(r"event=state\.read_only error=.*Read-only file system")
    reach(a, site.b)
    site.server.update_node(site.b.node_id, name="bee")
    wait_for(lambda: f"bee.{site.network['dns_domain']}" in a.hosts_names(), 10, "news")
    a.process.wait_log(r"event=state\.not_saved", 15)
    second = a.run("agent", "--interface", "ls-second", check=False)
    assert second.returncode == 1 and "in use by another agent" in second.stderr
    a.stop()
    assert os.listdir(a.state_dir) == ["state.json"]
    assert a.interface not in a.ns.ip("link", "show")


def bind_udp(address, port):
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind((address, port))
    return found


@pytest.mark.main_subset
@pytest.mark.parametrize("command", ["agent", "wg-up"])
def test_the_next_port_when_the_default_is_taken(lab, command):
    site = Site(lab)
    a, b = site.a, site.b
    b.agent()
    with a.ns.call(bind_udp, "0.0.0.0", 51820), a.ns.call(bind_udp, "0.0.0.0", 51821):
        a.process = a.ns.start("agent-a", *a.argv(command, "--interface", a.interface))
        a.process.wait_log(r"event=agent\.port_taken wanted=51820 listen_port=51822 ")
        a.process.wait_log(r"event=agent\.ready .*listen_port=51822")
        if command == "agent":
            wait_for(lambda: f"{a.host.ipv4}:51822" in
                     site.server.node(site.network, "a")["endpoints"], 10, "the port announced")
            reach(b, a)
        a.stop()
        # Whoever names a port wants that one.
        named = a.run(command, "--interface", a.interface, "--listen-port", "51820", check=False)
        assert named.returncode == 1 and "51820 is in use" in named.stderr


def test_any_port(lab):
    """0 stands for any free port, not for the lowest one."""
    a = Site(lab).a
    with a.ns.call(bind_udp, "0.0.0.0", 1024):
        a.agent(listen_port=0)
        port = a.process.wait_log(r"event=agent\.ready .*listen_port=(\d+)").group(1)
        assert int(port) > 1024
        a.stop()


@pytest.mark.parametrize("command", ["agent", "heartbeat"])
def test_zone_ids_mean_nothing_to_other_hosts(lab, command):
    site = Site(lab)
    done = site.a.run(command, "--endpoint", "[fe80::1%lo]:51820", check=False)
    assert done.returncode == 2 and "zone id" in done.stderr


@pytest.mark.parametrize("endpoint", ["[fe80::1%lo]:51820", "[fe80::1%wan]:51820"])
def test_a_server_takes_no_zone_ids(lab, endpoint):
    """Whether it has an interface of that name or not."""
    site = Site(lab)
    answer = site.server.request("POST", "/v1/heartbeat", {
        "node_id": site.a.node_id, "endpoints": [endpoint], "routes": []})
    assert answer.status == 400 or endpoint not in answer.json["netmap"]["node"]["endpoints"]


@pytest.fixture
def unprivileged():
    """A directory of its own for the user nobody, and the program in it."""
    path = tempfile.mkdtemp(prefix="lstest-nobody")
    os.chmod(path, 0o755)
    mode = os.stat("/dev/net/tun").st_mode
    os.chmod("/dev/net/tun", 0o666)
    yield path
    os.chmod("/dev/net/tun", mode)
    shutil.rmtree(path)


def test_without_root_but_with_cap_net_admin(lab, unprivileged):
    site = Site(lab)
    a, b = site.a, site.b
    b.agent()
    program = shutil.copy(lab.program("lightscale-client"), unprivileged)
    state = os.path.join(unprivileged, "state")
    shutil.copytree(a.state_dir, state)
    shutil.copy(a.config, unprivileged)
    for folder, _, names in os.walk(unprivileged):
        for name in [folder, *(os.path.join(folder, name) for name in names)]:
            os.chown(name, NOBODY, NOBODY)
    a.process = a.ns.start(
        "agent-a", "setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
        "--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin", "--bounding-set=-all,+net_admin",
        program, "--profile", a.profile, "--config", os.path.join(unprivileged, "config.json"),
        "--state-dir", state, "agent", "--interface", a.interface)
    a.process.wait_log(r"event=uapi\.off interface=\S+ error=.*Permission denied")
    a.process.wait_log(r"event=agent\.state .*new=running")
    a.state_dir = state
    wait_for(a.up, 10, "the interface")
    reach(b, a)
    a.stop()
    assert a.interface not in a.ns.ip("link", "show")


def test_status_says_whether_an_agent_runs(lab, read_only):
    site = Site(lab).stored()
    a = site.a
    done = a.run("status")
    assert done.returncode == 0 and done.stderr == ""
    assert re.search(r"^as of: +the last netmap, (now|\d+s ago); agent: running$", done.stdout,
                     re.MULTILINE)
    assert a.json("status", "--json")["agent_running"] is True
    for end in (a.process.kill, a.stop):
        end()
        done = a.run("status", check=False)
        assert done.returncode == 1
        assert done.stderr == (f"lightscale-client: the agent of profile '{a.profile}' is not "
                               "running: this is what it knew last\n")
        assert re.search(r"^as of: .*; agent: not running$", done.stdout, re.MULTILINE)
        shown = a.json("status", "--json")
        assert shown["agent_running"] is False
        assert shown["netmap_generated_at"] == a.state()["last_netmap"]["generated_at"]
        a.agent()
    a.stop()
    read_only(a)
    assert a.run("status", check=False).returncode == 1
    a.agent()
    assert a.run("status").returncode == 0, "also where the agent cannot write its lock"


def announced(site, name):
    node = site.server.node(site.network, name)
    return set(node["endpoints"]), {route["prefix"] for route in node["routes"]}


@pytest.mark.main_subset
def test_heartbeat_adds_to_what_the_agent_announces(lab):
    site = Site(lab)
    a = site.a
    seen = f"{a.host.ipv4}:51820"
    a.agent("--heartbeat-interval", "1", "--endpoint", "192.0.2.1:1",
            "--advertise-route", "192.168.1.0/24")
    own = ({seen, "192.0.2.1:1"}, {"192.168.1.0/24"})
    wait_for(lambda: announced(site, "a") == own, 10, "what the agent announces")
    a.run("heartbeat", "--endpoint", "192.0.2.2:2", "--route", "192.168.2.0/24")
    both = ({seen, "192.0.2.1:1", "192.0.2.2:2"}, {"192.168.1.0/24", "192.168.2.0/24"})
    assert announced(site, "a") == both, "at once"
    a.run("heartbeat", "--endpoint", "192.0.2.3:3")
    three = (both[0] | {"192.0.2.3:3"}, both[1])

    def last_seen():
        return site.server.node(site.network, "a")["last_seen"]
    mark = last_seen()
    wait_for(lambda: last_seen() >= mark + 6, 20, "heartbeats of the agent")
    assert announced(site, "a") == three, "and it goes on"
    a.run("heartbeat", "--replace", "--route", "192.168.9.0/24")
    wait_for(lambda: announced(site, "a") == (own[0], {"192.168.1.0/24", "192.168.9.0/24"}), 20,
             "only the agent's and what was given last")
    # It ends with the agent.
    a.stop()
    a.run("heartbeat", "--endpoint", "192.0.2.4:4")
    assert announced(site, "a") == ({"192.0.2.4:4"}, set())
    a.agent("--heartbeat-interval", "1")
    wait_for(lambda: announced(site, "a") == ({seen}, set()), 10)
    wait_for(lambda: "announced" not in a.state(), 10)


@pytest.mark.main_subset
def test_two_machines_with_one_state(lab):
    site = Site(lab)
    a, b, server = site.a, site.b, site.server
    # Restarts are no second machine, however fast they come.
    for _ in range(3):
        a.agent("--heartbeat-interval", "1", wait=False)
        a.process.wait_log(r"event=control\.reachable")
        a.stop()
    shutil.rmtree(b.state_dir)
    shutil.copytree(a.state_dir, b.state_dir)
    for client in (a, b):
        client.agent("--heartbeat-interval", "1", wait=False)
        client.process.wait_log(r"event=control\.reachable")
    server.process.wait_log(rf"event=node\.cloned node={a.node_id} .*source=", 20)
    for client in (a, b):
        client.process.wait_log(r"level=warn event=control\.warning text=\"another machine", 20)
    (node,) = [node for node in server.nodes(site.network) if node["id"] == a.node_id]
    assert node["cloned"] is True
    shown = a.run("--admin-token-file", server.admin_token_file, "admin", "nodes",
                  site.network["id"]).stdout
    assert re.search(r"^a +on two machines ", shown, re.MULTILINE)
    assert server.process.log().count("event=node.cloned") == 1, "said once"


@pytest.mark.main_subset
def test_what_the_server_says_of_this_node_is_logged(lab):
    """A route that the server leaves out, and an endpoint: once, until it says something else."""
    site = Site(lab)
    client, site_net = site.a, site.network["overlay_v4"]
    client.agent("--heartbeat-interval", "1", "--advertise-route", f"{site_net},10.9.0.0/16",
                 "--endpoint", "127.0.0.1:5")
    process = client.process
    process.wait_log(rf'level=warn event=control\.warning text="route {re.escape(site_net)} is left '
                     r'out: it lies inside [^"]*; endpoint 127\.0\.0\.1:5 is left out: ')
    seen = site.server.node(site.network, "a")["last_seen"]
    wait_for(lambda: site.server.node(site.network, "a")["last_seen"] > seen + 1, 10, "more of them")
    assert process.log().count("event=control.warning") == 1
    assert [route["prefix"] for route in site.server.node(site.network, "a")["routes"]] == [
        "10.9.0.0/16"]
