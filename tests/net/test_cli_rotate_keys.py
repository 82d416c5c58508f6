# SPDX-License-Identifier: Apache-2.0
"""rotate-keys: new keys on the server, in the state file, and in an agent that runs meanwhile.

    host: lightscale-server on :8080, the client beside it; for the agents two more hosts
"""
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli_site import admin, client, fails, fields, network, register, site  # noqa: F401
from lab import ping, wait_for

pytestmark = pytest.mark.control_plane

KEYS = ("machine_private_key", "machine_public_key", "wg_private_key", "wg_public_key")


@pytest.mark.parametrize("words,changed", [
    ([], KEYS), (["--machine", "--wg"], KEYS), (["--machine"], KEYS[:2]), (["--wg"], KEYS[2:])])
def test_rotate_keys(site, client, network, words, changed):
    register(client, site, network)
    before = client.state()
    done = client.run("rotate-keys", *words)
    after, node = client.state(), site.node(network, "laptop")
    assert {key for key in KEYS if before[key] != after[key]} == set(changed)
    assert node["wg_public_key"] == after["wg_public_key"]
    assert node["machine_public_key"] == after["machine_public_key"]
    assert after["last_netmap"]["node"]["wg_public_key"] == after["wg_public_key"]
    shown = fields(done.stdout)
    for label, key in (("machine key", KEYS[1]), ("WireGuard key", KEYS[3])):
        assert shown[label] == f"{after[key]} ({'new' if key in changed else 'unchanged'})"
    for secret in (after["machine_private_key"], after["wg_private_key"], after["node_token"]):
        assert secret not in done.stdout + done.stderr
    assert client.json("status", "--json")["node_id"] == before["node_id"]


def test_rotate_keys_json(site, client, network):
    register(client, site, network)
    answer = client.json("rotate-keys", "--wg", "--json")
    state = client.state()
    assert answer == {"node_id": state["node_id"], "wg_public_key": state["wg_public_key"],
                      "machine_public_key": state["machine_public_key"]}


def test_rotation_lifts_the_key_age(site, client, network, admin):
    register(client, site, network)
    site.api("PUT", f"/v1/networks/{network['id']}", {"revocation": "rotate"})
    admin.run("keys", "revoke", client.node_id)
    assert fields(client.run("netmap").stdout)["status"] == "revoked"
    client.run("rotate-keys")
    assert fields(client.run("status").stdout)["status"] == "active"


def test_keys_stay_when_the_server_does_not_take_them(site, client, network):
    register(client, site, network)
    before = client.state()
    message = fails(client.run("--control-url", "http://127.0.0.1:1", "rotate-keys", check=False))
    assert "connection refused" in message
    assert client.state() == before
    site.delete(client.node_id)
    message = fails(client.run("rotate-keys", check=False))
    assert f"/v1/nodes/{before['node_id']}/rotate-keys" in message
    assert client.state() == before


def test_keys_that_cannot_be_stored_say_so(site, client, network):
    """A state file that is damaged while the command runs: it stays, and the way out is named."""
    register(client, site, network)
    path = os.path.join(client.state_dir, "state.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("{")
    assert path in fails(client.run("rotate-keys", check=False))
    with open(path, encoding="utf-8") as file:
        assert file.read() == "{"


@pytest.mark.parametrize("_node", range(4))
def test_rotations_at_once(site, client, network, _node):
    """What is stored is what the server took last; time and again, since they seldom meet so. With
    several nodes: a node may rotate its keys 20 times in a burst."""
    register(client, site, network)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            list(pool.map(lambda _: client.run("rotate-keys"), range(2)))
            state, node = client.state(), site.node(network, "laptop")
            for key in ("machine_public_key", "wg_public_key"):
                assert state[key] == node[key]


def test_no_rotation_without_room_for_the_keys(site, client, network):
    """The server is not told of keys that cannot be kept."""
    register(client, site, network)
    before = client.state()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", client.state_dir], check=True)
    try:
        with open(os.path.join(client.state_dir, "state.json"), "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in before.items() if key != "last_netmap"}, file)
        message = fails(client.run("rotate-keys", check=False))
        assert "cannot write into the state directory" in message
        assert os.listdir(client.state_dir) == ["state.json"]
    finally:
        subprocess.run(["umount", client.state_dir], check=True)
    assert site.node(network, "laptop")["wg_public_key"] == before["wg_public_key"]


@pytest.mark.data_plane
def test_a_running_agent_takes_new_keys_over(lab):
    """Time and again: the agent writes the file, too, woken by the very change."""
    net = lab.internet()
    server = lab.server(net.host("server"))
    network = server.create_network("home")
    a, b = (lab.client(net.host(name), server) for name in "ab")
    for client in (a, b):
        client.register(server.create_token(network))
        client.agent()
        client.process.wait_log(r"event=agent\.state .*new=running")
    seen = {b.state()["wg_public_key"]}
    for words in ([], ["--wg"], [], ["--wg"], []):
        b.run("rotate-keys", *words)
        key = b.state()["wg_public_key"]
        assert key not in seen, "the old key was written back"
        seen.add(key)
        b.process.wait_log(r"event=agent\.key key=" + re.escape(key[:8]), 10)
        wait_for(lambda key=key: set(a.wg_peers()) == {key}, 5, "the new key at the peer")
        wait_for(lambda: ping(a.ns, b.ipv4), 20, "traffic with the new key")
        assert b.state()["wg_public_key"] == key
    before = b.state()
    b.run("rotate-keys", "--machine")
    server.update_node(b.node_id, name="bee")
    wait_for(lambda: b.state()["node_name"] == "bee", 5, "the agent to store the new name")
    after = b.state()
    assert after["machine_private_key"] != before["machine_private_key"]
    assert after["wg_private_key"] == before["wg_private_key"]
    node = server.node(network, "bee")
    assert node["machine_public_key"] == after["machine_public_key"]
    assert json.dumps(after).count(after["wg_private_key"]) == 1
