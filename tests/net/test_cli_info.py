# SPDX-License-Identifier: Apache-2.0
"""relay, dns and platform.

    host: lightscale-server on :8080, the client beside it
"""
import json
import os
import platform
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli_site import (admin, another_client, client, fails, fields, network,  # noqa: F401
                      register)
from lab import Lab
from lab.process import program_environment

pytestmark = pytest.mark.control_plane

ANNOUNCED = ["--stun", "stun.test:3478", "--turn", "turn.test:3478,192.0.2.9:3478",
             "--stream-relay", "192.0.2.1:443", "--udp-relay", "192.0.2.1:3480",
             "--dns", "192.0.2.53:53"]
NOBODY = ["--control-url", "http://127.0.0.1:1"]  # the stored netmap has to do


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("cli")) as lab:
        yield lab.server(lab.internet().host("server"), args=ANNOUNCED)
        lab.check()


@pytest.fixture
def desk(site, client, network):
    """A peer; `client` itself is registered as laptop and knows it."""
    other = another_client(site)
    register(other, site, network, "desk")
    register(client, site, network)
    client.run("netmap")
    return other


def test_relay(client, desk):
    assert fields(client.run("relay").stdout) == {
        "STUN": "stun.test:3478", "TURN": "turn.test:3478, 192.0.2.9:3478",
        "stream relay": "192.0.2.1:443", "UDP relay": "192.0.2.1:3480", "DNS": "192.0.2.53:53"}
    assert client.json("relay", "--json") == {
        "stun_servers": ["stun.test:3478"], "turn_servers": ["turn.test:3478", "192.0.2.9:3478"],
        "stream_relay_servers": ["192.0.2.1:443"], "udp_relay_servers": ["192.0.2.1:3480"],
        "dns_servers": ["192.0.2.53:53"]}


def test_relay_of_a_network_without(client, desk):
    state = client.state()
    state["last_netmap"]["relay"] = None
    path = os.path.join(client.state_dir, "state.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(state, file)
    assert set(fields(client.run(*NOBODY, "relay").stdout).values()) == {"-"}
    assert client.json(*NOBODY, "relay", "--json")["turn_servers"] == []


def test_without_a_netmap(client, site, network):
    client.register_url(network)
    for command in ("relay", "dns"):
        message = fails(client.run(*NOBODY, command, check=False))
        assert f"holds no netmap yet: run 'lightscale-client --profile {client.profile} netmap' first" in message


def hosts_lines(client, desk, network):
    domain = network["dns_domain"]
    return (f"{client.ipv4}\tlaptop.{domain}\n{client.ipv6}\tlaptop.{domain}\n"
            f"{desk.ipv4}\tdesk.{domain}\n{desk.ipv6}\tdesk.{domain}\n")


def test_dns(client, desk, network, tmp_path):
    done = client.run("dns")
    assert done.stdout == hosts_lines(client, desk, network)
    target = tmp_path / "names"
    assert client.run("dns", "--output", str(target)).stdout == ""
    assert target.read_text() == done.stdout
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_dns_json(client, desk, network, tmp_path):
    answer = client.json("dns", "--format", "json")
    assert {**answer, "generated_at": 0} == {**client.json("dns", "--json"), "generated_at": 0}
    domain = network["dns_domain"]
    assert answer == {
        "network": {"id": network["id"], "name": network["name"], "dns_domain": domain},
        "generated_at": answer["generated_at"],
        "records": [{"name": host["dns_name"], "node_id": host["node_id"], "ipv4": host["ipv4"],
                     "ipv6": host["ipv6"]} for host in (
            {"dns_name": f"laptop.{domain}", "node_id": client.node_id, "ipv4": client.ipv4,
             "ipv6": client.ipv6},
            {"dns_name": f"desk.{domain}", "node_id": desk.node_id, "ipv4": desk.ipv4,
             "ipv6": desk.ipv6})],
        "network_id": network["id"], "dns_domain": domain, "dns_servers": ["192.0.2.53:53"],
        "hosts": [{"name": "laptop", "dns_name": f"laptop.{domain}", "ipv4": client.ipv4,
                   "ipv6": client.ipv6},
                  {"name": "desk", "dns_name": f"desk.{domain}", "ipv4": desk.ipv4,
                   "ipv6": desk.ipv6}]}
    client.run("dns", "--format", "json", "--output", str(tmp_path / "dns.json"))
    written = json.loads((tmp_path / "dns.json").read_text())
    assert {**written, "generated_at": 0} == {**answer, "generated_at": 0}


def test_dns_apply_hosts(client, desk, network, tmp_path, site):
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n# mine\n")
    os.chown(path, 1234, 4321)
    os.chmod(path, 0o664)
    words = ("dns", "--apply-hosts", "--hosts-path", str(path))
    done = client.run(*words)
    assert done.stdout == "" and ": 2, written" in done.stderr
    begin, end = (f"# lightscale:{client.profile} {word}\n" for word in ("begin", "end"))
    block = begin + hosts_lines(client, desk, network) + end
    assert path.read_text() == "127.0.0.1 localhost\n# mine\n" + block
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 4321, 0o664)
    assert os.listdir(tmp_path).count("hosts") == 1 and len(os.listdir(tmp_path)) <= 2
    # Lines of others around the block stay; the block is exchanged as a whole.
    path.write_text(path.read_text() + "192.0.2.1 after\n")
    before = path.stat().st_ino
    assert "as before" in client.run(*words).stderr
    assert path.stat().st_ino == before, "what stays the same is not written"
    site.update_node(desk.node_id, name="bureau")
    client.run("netmap")
    client.run(*words)
    domain = network["dns_domain"]
    text = path.read_text()
    assert f"bureau.{domain}\n" in text and f"desk.{domain}" not in text
    assert text.startswith("127.0.0.1 localhost\n# mine\n") and text.endswith("192.0.2.1 after\n")
    assert text.count(begin) == 1
    # Two profiles have a block each.
    desk.run("netmap")
    desk.run(*words)
    assert path.read_text().startswith(text) and desk.profile in path.read_text()


def test_dns_refuses_a_damaged_block(client, desk, tmp_path):
    path = tmp_path / "hosts"
    path.write_text(f"# lightscale:{client.profile} begin\n192.0.2.1 somebody\n")
    message = fails(client.run("dns", "--apply-hosts", "--hosts-path", str(path), check=False))
    assert str(path) in message and "has no end" in message
    assert path.read_text().endswith("192.0.2.1 somebody\n")


def test_two_profiles_write_one_hosts_file_at_once(client, desk, tmp_path):
    """Neither undoes the other's block; time and again, since they seldom meet."""
    path = tmp_path / "hosts"
    desk.run("netmap")
    words = ("dns", "--apply-hosts", "--hosts-path", str(path))
    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            path.write_text("127.0.0.1 localhost\n")
            list(pool.map(lambda who: who.run(*words), (client, desk)))
            lines = path.read_text().splitlines()
            for profile in (client.profile, desk.profile):
                assert f"# lightscale:{profile} begin" in lines


def test_dns_output_to_a_device(client, desk, tmp_path):
    """A device stays one, and so does what /dev/stdout leads to."""
    device = tmp_path / "null"
    os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    client.run("dns", "--output", str(device))
    assert stat.S_ISCHR(device.lstat().st_mode)
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")
    assert client.run("dns", "--output", str(link)).stdout == client.run("dns").stdout
    assert link.is_symlink()
    log = tmp_path / "log"
    log.write_text("of others\n")
    with open(log, "a", encoding="utf-8") as file:
        command = client.ns.command(client.argv("dns", "--output", "/dev/stdout"))
        subprocess.run(command, stdout=file, check=True, timeout=30, env=program_environment())
    assert log.read_text() == "of others\n" + client.run("dns").stdout


def test_dns_into_a_missing_directory(client, desk):
    message = fails(client.run("dns", "--output", "/nonexistent/names", check=False))
    assert "/nonexistent/names" in message


@pytest.mark.data_plane
def test_platform(client):
    shown = fields(client.run("platform").stdout)
    assert shown["host"] == f"linux {platform.machine()}"
    assert shown["control plane"] == "supported" and shown["data plane"] == "supported"
    answer = client.json("platform", "--json")
    assert list(answer) == ["os", "arch", "control_plane", "data_plane", "service_integration",
                            "data_plane_capabilities", "service_managers",
                            "service_managers_found", "note"]
    can = answer["data_plane_capabilities"]
    assert list(can) == ["wireguard", "advertised_routes", "advanced_route_policy", "router_mode",
                         "dns_local_server", "dns_resolver_integration", "daemon_supervision",
                         "os_service_integration", "note"]
    assert can["wireguard"] == "supported"
    assert {can[name] for name in can if name != "note"} <= {
        "supported", "partial", "unsupported"}
    assert answer["service_managers"] == ["systemd", "openrc", "procd", "none"]
    assert answer["os"] == "linux" and answer["arch"] == platform.machine()
    assert answer["control_plane"] == answer["data_plane"] == "supported"
    managers = ["systemd"] if os.path.exists("/run/systemd/system") else []
    found = answer["service_managers_found"]
    assert [name for name in found if name == "systemd"] == managers
    assert answer["service_integration"] == ("partial" if found else "unsupported")
    assert "\n" not in answer["note"]
